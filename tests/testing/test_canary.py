"""Canaries: unique, and found in each form in which a value hides."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_each_canary_is_another() -> None:
    """A hundred canaries with one label are a hundred values, of letters and digits only."""
    values = {canary("a label!") for _ in range(100)}
    assert len(values) == 100
    assert all(value.isalnum() and "alabel" in value for value in values)


def test_a_canary_is_found_in_each_form(tmp_path: Path) -> None:
    """It is found plain, in JSON, UTF-16, hexadecimal, reversed and base64 at any place, in bytes, texts, files and folders."""
    value = canary("form")
    hidden = [
        value.encode(),
        json.dumps({"a": [value]}).encode(),
        value.encode("utf-16-le"),
        value.encode().hex().encode(),
        value.encode().hex().upper().encode(),
        value[::-1].encode(),
        *(base64.b64encode(b"x" * before + value.encode() + b"rest") for before in range(6)),
        *(base64.urlsafe_b64encode(b"?" * before + value.encode()) for before in range(6)),
    ]
    for form in hidden:
        assert find_canary(b"\xff" + form)
        (tmp_path / "file").write_bytes(form)
        assert find_canary(tmp_path)
        assert find_canary(tmp_path / "file", value)
    assert find_canary(value)


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    """Other bytes hold no canary, and a text that is looked for is found alone."""
    assert find_canary(bytes(range(256)) * 100) == []
    (tmp_path / "file").write_text(canary())
    assert find_canary(tmp_path, "another text") == []
    assert find_canary(tmp_path / "file", "zsCanary") == [f"plain at {tmp_path / 'file'}:0"]
