"""Render templates, a project's own within bounds of time and memory."""
