"""Tests of canaries, which are unique texts for which a test can search: they are found in common encodings."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_canaries_are_unique() -> None:
    """A hundred canaries with one label are different, and have only letters and digits."""
    values = {canary("a label!") for _ in range(100)}
    assert len(values) == 100
    assert all(value.isalnum() and "alabel" in value for value in values)


def test_canary_is_found_in_each_encoding(tmp_path: Path) -> None:
    """A canary is found in bytes, texts, files and folders: plain, reversed, and in JSON, UTF-16, hexadecimal and base64."""
    value = canary("encoding")
    encoded = [
        value.encode(),
        json.dumps({"a": [value]}).encode(),
        value.encode("utf-16-le"),
        value.encode().hex().encode(),
        value.encode().hex().upper().encode(),
        value[::-1].encode(),
        # The base64 digits of the canary depend on the number of bytes before it.
        *(base64.b64encode(b"x" * offset + value.encode() + b"rest") for offset in range(6)),
        *(base64.urlsafe_b64encode(b"?" * offset + value.encode()) for offset in range(6)),
    ]
    for data in encoded:
        assert find_canary(b"\xff" + data)
        (tmp_path / "file").write_bytes(data)
        assert find_canary(tmp_path)
        assert find_canary(tmp_path / "file", value)
    assert find_canary(value)


def test_other_data_contains_no_canary(tmp_path: Path) -> None:
    """Other data contains no canary, and a search for a text finds only that text."""
    assert find_canary(bytes(range(256)) * 100) == []
    (tmp_path / "file").write_text(canary())
    assert find_canary(tmp_path, "another text") == []
    assert find_canary(tmp_path / "file", "zsCanary") == [f"plain at {tmp_path / 'file'}:0"]
