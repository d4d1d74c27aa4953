"""Keep the documented import path of what gates and documents are told."""

from pytest_handoff.evidence.facts import Facts

__all__ = ["Facts"]
