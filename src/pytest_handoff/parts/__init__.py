"""Join the work of several jobs into one session."""
