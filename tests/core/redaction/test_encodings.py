"""The definition of masking: any two encoders, one after the other, of any value, in any text; and nothing of any other text."""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.redaction.values import NASTY, nasty, realistic
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS, LOSSY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

KINDS = {
    **{kind: nasty(kind) for kind in NASTY if kind != "half a character"},
    **{name: value for name, value in realistic().items() if len(value) < 1000},
    "a PEM": realistic()["pem.curve"],
    "a password with quotes": f"pa\"ss'{secrets.token_hex(4)}`$x",
    "CJK": "密码是" + secrets.token_hex(5) + "的东西",
    "six digits": "482913",
    "signs": "!@#%^&*()_+;:~?",
    "64 KiB": secrets.token_urlsafe(49_152),
}
SEED = int(os.environ.get("ZENSECRETS_TEST_SEED", "20261128"))
"""Chooses the pairs of encoders; give another one to try others."""
PAIRS_OF_A_KIND = 40
OUTER = [name for name in ENCODERS if name not in LOSSY]

_LAST_ONLY = {"Ascii85", "in colours", "names of characters", "xxd", "hexdump -C", "hexdump", "od", "od -c", "curl --trace"}
"""Encoders that are not tried inside others: Ascii85 and colours write escapes of their own, and rows are no rows once they are quoted."""
_OF_LONG_TEXTS = {
    "plain",
    "repr",
    "JSON",
    "HTML",
    "URL",
    "URL, every byte",
    "base64",
    "base64url",
    "hexadecimal",
    "base64 in lines of 76",
    "CR LF",
}
"""Encoders that are decoded in texts of any length; docs/guard.md says how far the others are."""
_LONG = 1 << 12


def pairs(kind: str) -> Iterator[tuple[str, str]]:
    """Yield pairs of encoders, other ones for each kind."""
    chosen = random.Random(f"{SEED} {kind}")  # noqa: S311 - it chooses tests
    inner = [name for name in ENCODERS if name not in _LAST_ONLY]
    while True:
        first, second = chosen.choice(inner), chosen.choice(OUTER)
        if len(KINDS[kind]) > _LONG and not {first, second} <= _OF_LONG_TEXTS:
            continue
        # Bytes of UTF-16 are decoded if all letters are ASCII; the values themselves are known in it.
        if "UTF-16" not in second or ENCODERS[first](KINDS[kind]).isascii():
            yield first, second


def test_there_are_enough() -> None:
    """More than forty encoders, and at least twenty-eight kinds of values."""
    assert len(ENCODERS) >= 40
    assert len(KINDS) >= 28


@pytest.mark.parametrize("kind", KINDS)
def test_each_encoder(kind: str) -> None:
    """Whatever one encoder makes of a value is masked."""
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    for name, encode in ENCODERS.items():
        if len(KINDS[kind]) > _LONG and name not in _OF_LONG_TEXTS:
            continue
        text = encode(KINDS[kind])
        shown = redactor.redact(f"~~~\n{text}\n~~~")
        assert mask_text("a.key") in shown, name
        assert shown.startswith("~~~"), name


@pytest.mark.parametrize("kind", KINDS)
def test_two_encoders(kind: str) -> None:
    """Whatever a second encoder makes of that is masked too."""
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    source = pairs(kind)
    for _ in range(5 if len(KINDS[kind]) > 1000 else PAIRS_OF_A_KIND):
        first, second = next(source)
        text = ENCODERS[second](ENCODERS[first](KINDS[kind]))
        shown = redactor.redact(f"~~~\n{text}\n~~~")
        assert mask_text("a.key") in shown, (first, second, SEED)


_BASE85 = {"base85", "Ascii85"}
_CODE = tuple(f"function f{n}(e,t){{var r=e[{n % 10}]+t||!e;if(r&&t<=3)return r%2-1;n.push('x',r*{n})}}" for n in range(1200))


@pytest.mark.parametrize("separator", ["", "\n"], ids=["one line", "lines"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if len(KINDS[kind]) < _LONG])
def test_in_a_long_text(kind: str, separator: str) -> None:
    """So it is in the middle of code, of which only the parts around escape sequences are decoded."""
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    before = separator.join(_CODE)
    # Of what looks like base85 a text has a part decoded; docs/guard.md says which.
    source = (pair for pair in pairs(kind) if not _BASE85.intersection(pair))
    for _ in range(3):
        first, second = next(source)
        text = ENCODERS[second](ENCODERS[first](KINDS[kind]))
        shown = redactor.redact(f"{before}\n{text}\n{before}")
        assert mask_text("a.key") in shown, (first, second, SEED)
        assert shown.startswith(before), (first, second, SEED)
        assert shown.endswith(before), (first, second, SEED)


@given(st.text(max_size=200))
def test_a_text_without_a_value_is_the_same_object(text: str) -> None:
    """Nothing is masked in what holds no value, whatever may be decoded in it."""
    redactor = Redactor()
    redactor.protect("Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1", "a.key")
    redactor.protect("482913", "a.pin")
    assert "482913" in text or redactor.redact(text) is text


_PROSE = """
the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her model
data training secret token password value key apiVersion kind Config user admin host first second line pass phrase database
"""
_WORDS = _PROSE.split()


@pytest.mark.parametrize(
    "make",
    [
        lambda size: base64.b64encode(os.urandom(size * 3 // 4)).decode(),
        lambda size: os.urandom(size // 2).hex(),
        lambda size: base64.encodebytes(os.urandom(size * 3 // 4)).decode(),
        lambda size: " ".join(secrets.choice(_WORDS) for _ in range(size // 6)),
        lambda size: json.dumps([secrets.randbelow(1 << 30) for _ in range(size // 11)]),
    ],
    ids=["base64", "hexadecimal", "base64 in lines", "prose", "numbers"],
)
def test_a_megabyte_of_something_else(make: object) -> None:
    """A megabyte of random digits or of prose is shown as it is, with values of all kinds protected."""
    redactor = Redactor()
    for kind, value in KINDS.items():
        assert redactor.protect(value, f"a.{kind}")
    assert callable(make)
    text = make(1 << 20)
    # By chance six digits stand alone once in some million of them.
    assert {found.name for found in redactor.find(text)} <= {"a.six digits"}
    assert len(redactor.find(text)) <= 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("482913", "1482913.5 4829135 0.482913 482913.7 a482913f"),
        ("apiVersion: v1\nkind: Config\nusers:\n- name: me\n  user:\n    token: Kx7Rf2Qm9Lp4Vt8Zs3", "apiVersion: v1\nkind: Pod\nusers:\n"),
        (
            json.dumps({"username": "reporting", "password": "Kx7Rf2Qm9Lp4", "host": "db.example.com", "dbname": "analytics"}),
            "reporting at db.example.com, analytics",
        ),
        ("{\n}\nKx7Rf2Qm9Lp4", "def f() -> dict: return {}\n}\n"),
        ("correct horse battery staple", "a horse of the correct height, with a battery"),
    ],
    ids=["a number inside another", "a kubeconfig", "a database's secret", "braces", "words"],
)
def test_what_is_not_masked(value: str, text: str) -> None:
    """Parts of a value that are public, short or common stay where they stand alone."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    assert redactor.redact(text) == text
