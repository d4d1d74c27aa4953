"""Work out what a session proves, from data alone: no file, no clock, no pytest."""
