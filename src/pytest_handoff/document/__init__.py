"""Find the places of a Markdown text and fill them, without knowing about tests."""
