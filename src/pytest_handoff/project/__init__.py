"""Know where things are in a checkout and what git says; only this room reads and writes the hand-off folder."""
