"""Secrets of very many keys, and very long values: what is done with them grows with them, and not with their square.

At these sizes the square would take minutes.
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

MANY = 30_000
LONG = 1 << 17
PIECE = 1 << 12


def test_a_secret_of_very_many_keys() -> None:
    """It is registered, read, shown and changed; a notebook draws its first keys, and says how many are left."""
    flavor = get_flavor("memory")
    manager = SecretsManager(flavor(flavor.make_options({}), context=ManagerContext(name="memory", id="1")))
    content = {f"key{number}": str(number) for number in range(MANY - 1)} | {"last": canary()}
    manager.register_secret(ArbitrarySecretSchema(name="large", arbitrary_kv_pairs=content))
    table = secret_table(manager.get_secret("large"))
    assert len(table) == MANY
    text = table.plain().splitlines()
    assert (len(text), text[1].split(), text[-1].split()) == (MANY + 3, ["KEY", "VALUE"], ["last", "\u2039secret:large.last\u203a"])
    html = table._repr_html_()
    assert html.count("<tr") == 2_001
    assert "28,000 more rows are not shown here" in html
    manager.merge_secret("large", {}, remove=[key for key in content if key != "last"])
    assert manager.get_secret("large").content == {"last": content["last"]}


@pytest.mark.parametrize("value", ["a" * LONG, "ab" * (LONG // 2)])
def test_a_value_that_repeats_itself(value: str) -> None:
    """Each place of it looks like its beginning and its end; it has few anchors all the same, and one mask."""
    assert len(list(Pattern(value, "a.key", is_value=True).anchors())) <= 4
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    assert redactor.redact(f"it is {value}.") == "it is \u2039secret:a.key\u203a."


def test_a_long_value_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program writes piece by piece is not searched from its beginning at each piece, also where another value begins alike."""
    value = secrets.token_urlsafe(LONG)
    redactor = Redactor()
    for number, one in enumerate((value[: LONG // 2] + secrets.token_urlsafe(99), value)):
        redactor.protect(one, f"a.key{number}")
    searched: list[int] = []
    find = Search.find

    def counted(search: Search, data: bytes) -> list[PatternMatch]:
        searched.append(len(data))
        return find(search, data)

    monkeypatch.setattr(Search, "find", counted)
    stream = redactor.stream()
    text = f"it is {value}\n"
    shown = "".join(stream.feed(text[start : start + PIECE]) for start in range(0, len(text), PIECE))
    assert shown + stream.release() == "it is \u2039secret:a.key1\u203a\n"
    assert sum(searched) < 6 * len(text)
