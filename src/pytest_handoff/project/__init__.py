"""Know where things are in a checkout and what git says, and alone read and write its hand-off folder."""
