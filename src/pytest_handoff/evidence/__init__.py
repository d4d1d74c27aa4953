"""Work out what a session proves, from data alone, without files, clock or pytest."""
