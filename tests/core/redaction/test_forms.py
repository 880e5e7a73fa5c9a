"""The forms of a value: what Python, and the libraries that people use, really write."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import shlex
import urllib.parse
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.redaction.values import NASTY, nasty
from zensecrets_jupyter.core.redaction import forms
from zensecrets_jupyter.core.redaction.forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable


def _csv(value: str) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([value])
    return written.getvalue()


WRITERS: dict[str, Callable[[str], str]] = {
    "str": str,
    "repr": repr,
    "repr in a list": lambda value: repr([value]),
    "ascii": ascii,
    "json": json.dumps,
    "json without ensure_ascii": lambda value: json.dumps(value, ensure_ascii=False),
    "json in json": lambda value: json.dumps(json.dumps(value)),
    "repr of json": lambda value: repr(json.dumps(value)),
    "repr of repr": lambda value: repr(repr(value)),
    "json of repr": lambda value: json.dumps(repr(value)),
    "repr of bytes": lambda value: repr(value.encode("utf-8", "surrogatepass")),
    "html": html.escape,
    "html without quotes": lambda value: html.escape(value, quote=False),
    "html of repr": lambda value: html.escape(repr(value)),
    "json of html": lambda value: json.dumps(html.escape(value)),
    "url": lambda value: urllib.parse.quote(value.encode("utf-8", "surrogatepass")),
    "url form": lambda value: urllib.parse.quote_plus(value.encode("utf-8", "surrogatepass")),
    "base64": lambda value: base64.b64encode(value.encode("utf-8", "surrogatepass")).decode(),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode("utf-8", "surrogatepass")).decode(),
    "hex": lambda value: value.encode("utf-8", "surrogatepass").hex(),
    "hex with colons": lambda value: value.encode("utf-8", "surrogatepass").hex(":"),
    "utf-16": lambda value: repr(value.encode("utf-16-le", "surrogatepass")),
    "shell": shlex.quote,
    "csv": _csv,
}


@pytest.mark.parametrize("kind", NASTY)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_python_writes_is_a_form(writer: str, kind: str) -> None:
    """Whatever writes a value, one of its forms stands in what is written."""
    value = nasty(kind)
    written = WRITERS[writer](value)
    assert any(make(value) in written for make in FORMS.values())


@given(st.text(), st.text())
def test_the_form_of_a_beginning_is_the_beginning_of_the_form(beginning: str, rest: str) -> None:
    """All forms but base64 go character by character."""
    for name, make in FORMS.items():
        if name not in forms.SHIFTS and name not in forms.LINE_ENDS:
            assert make(beginning + rest).startswith(make(beginning)), name


@given(st.binary(max_size=5), st.text(min_size=1), st.binary(max_size=5))
def test_base64_shows_at_one_of_its_alignments(before: bytes, value: str, after: bytes) -> None:
    """Whatever stands before and behind a value, its base64 holds the digits that are the value's own."""
    data = value.encode("utf-8", "surrogatepass")
    shift = len(before) % 3
    name = f"base64 shifted by {shift}" if shift else "base64"
    assert FORMS[name](value) in base64.b64encode(before + data + after).decode()
    url = name.replace("base64", "base64url")
    assert FORMS[url](value) in base64.urlsafe_b64encode(before + data + after).decode()


@given(st.text())
def test_the_forms_that_differ_are_all_there_are(value: str) -> None:
    """What is left out of the forms of a value is written as one of the others is."""
    looked_for = {FORMS[name](value) for name in forms.that_differ(value)}
    assert {make(value) for make in FORMS.values()} == looked_for
