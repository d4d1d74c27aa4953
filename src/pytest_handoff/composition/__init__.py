"""Lead from the facts of a session to its filled document and to the lines that a terminal shows."""
