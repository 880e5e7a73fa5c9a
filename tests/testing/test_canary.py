"""Tests of canaries: unique texts for which tests search, also in common encodings."""

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
        # base64 encodes three bytes at a time, so the digits of the canary depend on its offset modulo 3. Before the canary, the bytes
        # "???" become "Pz8_" in the URL-safe alphabet, which has "_" instead of "/".
        *(base64.b64encode(b"x" * offset + value.encode() + b"rest") for offset in range(6)),
        *(base64.urlsafe_b64encode(b"?" * offset + value.encode()) for offset in range(6)),
    ]
    for data in encoded:
        # The byte 0xff makes the data invalid UTF-8.
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
    # "zsCanary" is the prefix of every canary.
    assert find_canary(tmp_path / "file", "zsCanary") == [f"plain at {tmp_path / 'file'}:0"]
