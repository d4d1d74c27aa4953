"""Keep the documented import path of the facts that gates and documents get."""

from pytest_handoff.evidence.facts import Facts

__all__ = ["Facts"]
