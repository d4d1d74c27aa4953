"""Make one session of the work of several jobs."""
