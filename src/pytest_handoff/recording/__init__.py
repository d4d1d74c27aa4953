"""Live inside a pytest process: hear a run, and hand one `Run` to the workflow."""
