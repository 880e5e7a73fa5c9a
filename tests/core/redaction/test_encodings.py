"""The redactor masks every kind of value in every pair of nested encodings.

It does not change other text.
"""

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

from tests.support.redaction.values import DIFFICULT, difficult, realistic
from zensecrets_jupyter.core.redaction import Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS, LOSSY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.one_python

KINDS = {
    **{kind: difficult(kind) for kind in DIFFICULT if kind != "half a character"},
    **{name: value for name, value in realistic().items() if len(value) < 1000},
    "a PEM": realistic()["pem.curve"],
    "a password with quotes": f"pa\"ss'{secrets.token_hex(4)}`$x",
    "CJK": "密码是" + secrets.token_hex(5) + "的东西",
    "six digits": "482913",
    "signs": "!@#%^&*()_+;:~?",
    "64 KiB": secrets.token_urlsafe(49_152),
}
SEED = int(os.environ.get("ZENSECRETS_TEST_SEED", "20261128"))
"""The seed that selects the pairs of encoders. Set the variable to test other pairs."""
PAIRS_PER_KIND = 40
OUTER = [name for name in ENCODERS if name not in LOSSY]

_OUTER_ONLY = {"Ascii85", "terminal colors", "names of characters", "xxd", "hexdump -C", "hexdump", "od", "od -c", "curl --trace"}
"""Encoders that are only the outer one of a pair.

Ascii85 and colors use characters that other encoders escape, and the rows of a dump are not recognized after quoting.
"""
_WITHOUT_LIMIT = {
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
"""Encodings that are decoded in texts of any length. docs/guard.md states the limits of the others."""
_LONG = 1 << 12


def pairs(kind: str) -> Iterator[tuple[str, str]]:
    """Yield random pairs of encoders, which differ for each kind of value."""
    generator = random.Random(f"{SEED} {kind}")  # noqa: S311 - the random numbers select tests and protect nothing
    inner = [name for name in ENCODERS if name not in _OUTER_ONLY]
    while True:
        first, second = generator.choice(inner), generator.choice(OUTER)
        if len(KINDS[kind]) > _LONG and not {first, second} <= _WITHOUT_LIMIT:
            continue
        # The redactor decodes UTF-16 only if all characters are ASCII. Values outside ASCII have patterns in UTF-16.
        if "UTF-16" not in second or ENCODERS[first](KINDS[kind]).isascii():
            yield first, second


def test_enough_encoders_and_kinds_are_tested() -> None:
    """The tests cover at least 40 encoders and 28 kinds of values."""
    assert len(ENCODERS) >= 40
    assert len(KINDS) >= 28


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_masked_in_each_encoding(kind: str) -> None:
    """The redactor masks a value in each encoding."""
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    for name, encode in ENCODERS.items():
        if len(KINDS[kind]) > _LONG and name not in _WITHOUT_LIMIT:
            continue
        text = encode(KINDS[kind])
        output = redactor.redact(f"~~~\n{text}\n~~~")
        assert mask_text("a.key") in output, name
        assert output.startswith("~~~"), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_masked_in_two_nested_encodings(kind: str) -> None:
    """The redactor masks a value that was encoded twice with different encoders."""
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    source = pairs(kind)
    for _ in range(5 if len(KINDS[kind]) > 1000 else PAIRS_PER_KIND):
        first, second = next(source)
        text = ENCODERS[second](ENCODERS[first](KINDS[kind]))
        output = redactor.redact(f"~~~\n{text}\n~~~")
        assert mask_text("a.key") in output, (first, second, SEED)


_BASE85 = {"base85", "Ascii85"}
_CODE = tuple(f"function f{n}(e,t){{var r=e[{n % 10}]+t||!e;if(r&&t<=3)return r%2-1;n.push('x',r*{n})}}" for n in range(1200))


@pytest.mark.parametrize("separator", ["", "\n"], ids=["one line", "lines"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if len(KINDS[kind]) < _LONG])
def test_an_encoded_value_is_masked_in_a_long_text(kind: str, separator: str) -> None:
    """The redactor masks an encoded value in the middle of long code.

    It decodes only excerpts of the code.
    """
    redactor = Redactor()
    assert redactor.protect(KINDS[kind], "a.key")
    before = separator.join(_CODE)
    # Only a limited part of a text is decoded as base85. docs/guard.md states the limit.
    source = (pair for pair in pairs(kind) if not _BASE85.intersection(pair))
    for _ in range(3):
        first, second = next(source)
        text = ENCODERS[second](ENCODERS[first](KINDS[kind]))
        output = redactor.redact(f"{before}\n{text}\n{before}")
        assert mask_text("a.key") in output, (first, second, SEED)
        assert output.startswith(before), (first, second, SEED)
        assert output.endswith(before), (first, second, SEED)


@given(st.text(max_size=200))
def test_a_text_without_a_value_is_the_same_object(text: str) -> None:
    """Any text without a value is returned unchanged, as the same object."""
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
def test_a_megabyte_of_other_text_is_not_masked(make: object) -> None:
    """A megabyte of random digits or of prose is not masked.

    Values of all kinds are protected.
    """
    redactor = Redactor()
    for kind, value in KINDS.items():
        assert redactor.protect(value, f"a.{kind}")
    assert callable(make)
    text = make(1 << 20)
    # A protected number of six digits occurs by chance in some millions of random digits.
    assert {span.name for span in redactor.find(text)} <= {"a.six digits"}
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
    ids=["a number inside another number", "a kubeconfig", "a database's secret", "braces", "words"],
)
def test_public_parts_of_a_value_are_not_masked(value: str, text: str) -> None:
    """Public, short and common parts of a value are not masked where they occur alone."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    assert redactor.redact(text) == text
