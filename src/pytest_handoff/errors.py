"""Define the errors that are not defects of this package, each with a message that a user can act on."""

from __future__ import annotations


class HandoffError(Exception):
    """A mistake, or something missing, that the user can fix.

    Args:
        message: what is wrong and what to do, without the place.
        path: the file it is about, as the user would name it.
        line: the line in that file, counted from 1.
        details: what there is to choose from; each is a line of its own below the sentence.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None, details: tuple[str, ...] = ()) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.details = details
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message)


class UsageProblem(HandoffError):
    """An option, a session name or a configuration that cannot be used."""


class EvidenceProblem(HandoffError):
    """A record, ledger or sources file that is missing, damaged, newer, or not the one it claims to be."""


class NewerEvidence(EvidenceProblem):
    """A file that another version of this package wrote, and that this one cannot read."""


class DocumentProblem(HandoffError):
    """A document that cannot be filled without risking what a person wrote."""


class WriteProblem(HandoffError):
    """A folder or file that cannot be written."""
