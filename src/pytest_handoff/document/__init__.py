"""Find the places in a Markdown text and fill them, without knowing about tests."""
