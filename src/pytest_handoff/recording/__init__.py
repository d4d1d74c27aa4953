"""Follow a run inside the pytest process, and pass it to the workflow."""
