"""Secrets with very many keys and very long values.

The time of each operation grows linearly with the size. With these sizes, an operation with quadratic time would take minutes.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.commands.tables.secret_tables import secret_table
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern
from zensecrets_jupyter.core.redaction.search import Search
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch

KEY_COUNT = 30_000
LONG_VALUE_LENGTH = 1 << 17
CHUNK_LENGTH = 1 << 12


def test_a_secret_can_have_very_many_keys() -> None:
    """A secret can have 30,000 keys; a notebook shows the first 2,000 of them."""
    flavor = get_flavor("memory")
    manager = SecretsManager(flavor(flavor.make_options({}), context=ManagerContext(name="memory", id="1")))
    content = {f"key{number}": str(number) for number in range(KEY_COUNT - 1)} | {"last": canary()}
    manager.register_secret(ArbitrarySecretSchema(name="large", arbitrary_kv_pairs=content))
    table = secret_table(manager.get_secret("large"))
    assert len(table) == KEY_COUNT
    lines = table.plain().splitlines()
    # Three lines precede the rows. The second of them has the titles of the columns.
    assert len(lines) == KEY_COUNT + 3
    assert (lines[1].split(), lines[-1].split()) == (["KEY", "VALUE"], ["last", "\u2039secret:large.last\u203a"])
    html = table._repr_html_()
    assert html.count("<tr") == 2_001  # The titles are one more row.
    assert "28,000 more rows are not shown here" in html
    manager.merge_secret("large", {}, remove=[key for key in content if key != "last"])
    assert manager.get_secret("large").content == {"last": content["last"]}


@pytest.mark.parametrize("value", ["a" * LONG_VALUE_LENGTH, "ab" * (LONG_VALUE_LENGTH // 2)])
def test_a_repetitive_value_has_few_anchors(value: str) -> None:
    """A long value of repeated letters is replaced by one mask, and has few anchors.

    Anchors are the parts of a value that the redactor searches for first.
    """
    assert len(list(Pattern(value, "a.key", is_value=True).anchors())) <= 4
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    assert redactor.redact(f"it is {value}.") == "it is \u2039secret:a.key\u203a."


def test_a_long_value_in_a_stream_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a long value arrives in chunks, the stream does not search it from its beginning for each chunk.

    Another protected value has the same beginning, so the stream can't decide early which of the two values arrives.
    """
    value = secrets.token_urlsafe(LONG_VALUE_LENGTH)
    redactor = Redactor()
    value_with_same_beginning = value[: LONG_VALUE_LENGTH // 2] + secrets.token_urlsafe(99)
    redactor.protect(value_with_same_beginning, "a.key0")
    redactor.protect(value, "a.key1")
    searched_lengths: list[int] = []
    find = Search.find

    def counting_find(search: Search, data: bytes) -> list[PatternMatch]:
        searched_lengths.append(len(data))
        return find(search, data)

    monkeypatch.setattr(Search, "find", counting_find)
    stream = redactor.stream()
    text = f"it is {value}\n"
    masked = "".join(stream.feed(text[start : start + CHUNK_LENGTH]) for start in range(0, len(text), CHUNK_LENGTH))
    assert masked + stream.release() == "it is \u2039secret:a.key1\u203a\n"
    # A search from the beginning for each of the 43 chunks would make the sum about 22 times the length of the text.
    assert sum(searched_lengths) < 6 * len(text)
