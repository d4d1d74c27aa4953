"""Find the places of a Markdown text and fill them; know nothing of tests."""
