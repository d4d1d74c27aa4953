"""Try in scratch trees whether a session's tests would notice a change; the work tree and git stay untouched."""
