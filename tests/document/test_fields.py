"""The catalogue of fields."""

from __future__ import annotations

import pytest

from pytest_handoff.document.catalogue import FAMILIES, FIELDS, TOP, Field, fields_for
from pytest_handoff.document.find import find
from pytest_handoff.document.labels import keys_of


def test_ids_are_unique() -> None:
    """No two fields have one id, so a value goes to one place; a label alone steps back behind those of its id."""
    ids = [field.id for field in FIELDS if not field.alone]
    assert len(set(ids)) == len(ids)
    assert {field.id for field in FIELDS if field.alone} <= set(ids)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_aliases_can_be_met(field: Field) -> None:
    """Each alias is written in the form that headings and labels are compared in."""
    aliases = {*field.sections, *field.labels, *field.parents, *field.columns} - {TOP}
    assert [alias for alias in aliases if alias not in keys_of(alias) and "#" not in alias] == []


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_fields_have_what_their_kind_needs(field: Field) -> None:
    """Labels and choices have labels, cells rows and columns, and fences only a heading."""
    assert bool(field.labels) == (field.kind != "fence")
    assert bool(field.columns) == (field.kind == "cell")
    assert field.sections or field.kind == "choice"


def test_families_make_up_the_catalogue() -> None:
    """Every field belongs to one kind of document."""
    assert tuple(field for family in FAMILIES for field in family) == FIELDS


def test_validation_gates_only() -> None:
    """Integration points elsewhere in a document are a person's, so that field has no other section."""
    (field,) = (field for field in FIELDS if field.id == "next.integration")
    assert all("gate" in alias or "prüf" in alias for alias in field.sections)


@pytest.mark.parametrize(("session", "line"), [("session-5", 3), ("phase 04", 2), ("baseline", None), ("session-6", None)])
def test_a_numbered_session_knows_its_own_label(session: str, line: int | None) -> None:
    """``Session 5 Tests`` are the current tests of the session whose name ends in 5, and of no other."""
    document = find("## Tests\n- **Session 4 Tests**: [X/Y]\n- **Session 5 Tests**: [X/Y]\n", fields=fields_for(session))
    assert [(place.id, place.line) for place in document.places] == ([] if line is None else [("tests.current", line)])
