"""Turn the facts of a session into its filled document and the lines on the terminal."""
