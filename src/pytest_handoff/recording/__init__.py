"""Live inside a pytest process: hear a run, and hand it to the workflow."""
