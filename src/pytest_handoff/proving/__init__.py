"""Try in scratch trees whether a session's tests would notice; nothing in the work tree or in git changes."""
