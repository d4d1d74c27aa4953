"""Turn coverage.py on, tell it which kind of test runs, and read its data as one measurement."""
