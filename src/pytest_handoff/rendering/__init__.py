"""Render templates, and limit the time and memory that a project's own may take."""
