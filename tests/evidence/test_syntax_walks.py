"""Walks of syntax trees, beside Python's own."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import dataclasses
import inspect
import typing
from pathlib import Path

import pytest

from pytest_handoff.evidence.case_files import nodes_in, parsed, statements_in

EVERY_BLOCK = b"""
async def f(a: int = [x for x in y if x], *b: str, c=lambda d: {**d}, **e) -> None:
    async for one in two:
        async with three as four, five: pass
    else:
        global g
    while h: i = j
    else: k += 1
    try: l()
    except M as n: raise N from o
    else: p
    finally: del q
    try: r
    except* S: s
    match t:
        case [U(v=1), *w] if x: return f"{y!r:>{z}}"
        case {"a": 1, **rest} | None: pass
    class C(B, metaclass=M): d: int
    if a: pass
    elif b: pass
    else: yield
"""
SOURCES = [EVERY_BLOCK, *(Path(inspect.getfile(module)).read_bytes()
                          for module in (argparse, ast, asyncio.base_events, dataclasses, inspect, typing))]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_every_node_in_its_order(source: bytes) -> None:
    """Only the contexts of names and attributes may be left out: nobody looks for them."""
    tree = parsed(source)
    assert tree is not None
    expected = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert [node for node in nodes_in(tree) if not isinstance(node, ast.expr_context)] == expected


@pytest.mark.parametrize("source", SOURCES)
def test_every_statement_in_its_order(source: bytes) -> None:
    """What holds statements without being one, such as a handler, is among them."""
    tree = parsed(source)
    assert tree is not None
    expected = [node for node in ast.walk(tree) if isinstance(node, ast.mod | ast.stmt | ast.excepthandler | ast.match_case)]
    assert list(statements_in(tree)) == expected


@pytest.mark.parametrize("source", [b"def f(:", b"\0", b"# coding: none\n", b"x = '\xff'\n"])
def test_what_is_not_python(source: bytes) -> None:
    """There is no tree to walk."""
    assert parsed(source) is None
