"""Fill the hand-off document of a work session with evidence from a pytest run."""

__version__ = "0.1.0"
