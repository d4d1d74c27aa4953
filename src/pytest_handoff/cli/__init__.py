"""Be the ``handoff`` command: arguments in; lines, JSON, a page and an exit code out."""
