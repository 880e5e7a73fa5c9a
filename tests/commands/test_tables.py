"""Tables: their content, their masks, and their escaping of markup."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from zensecrets_jupyter.commands.tables.secret_tables import schema_table, secret_table, secrets_table
from zensecrets_jupyter.commands.tables.stack_tables import stack_table
from zensecrets_jupyter.commands.tables.table import Table, _folded_layout, _layout
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.managers import SecretSummary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterable

CELLS = st.text(alphabet="ab -_\u00e9\u65e5\n\u00b7\u2039", max_size=12)
"""Texts of table cells, with narrow and wide letters, spaces, signs and line breaks."""


def test_the_table_of_a_secret_shows_masks_and_clear_text() -> None:
    """Values that the schema declares as clear text are shown."""
    secret = BasicAuthSecretSchema(name="login", username="ada", password=canary())
    table = secret_table(secret)
    assert list(table) == [{"key": "username", "value": "ada"}, {"key": "password", "value": "‹secret:login.password›"}]
    for text in (str(table), repr(table), table.plain(), unescape(table._repr_html_())):
        assert "ada" in text
        assert "‹secret:login.password›" in text
        assert find_canary(text) == []


def test_the_mask_does_not_depend_on_the_value() -> None:
    """The tables of values of different lengths are equal."""
    tables = [secret_table(ArbitrarySecretSchema.from_content("s", {"k": value})) for value in ("", "a", "b" * 10_000)]
    assert len({table._repr_html_() for table in tables}) == len({str(table) for table in tables}) == 1


@given(
    rows=st.integers(1, 4).flatmap(lambda columns: st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=5))
)
def test_our_layout_equals_the_layout_of_rich(rows: list[tuple[str, ...]]) -> None:
    """For a table that fits, both layouts give the same lines. In use, rich draws only tables that are too wide.

    The strategy gives one to five rows with the same number of cells.
    """
    lines = [["NAME"] * len(rows[0]), *rows]
    wider_than_any_table = 10_000
    assert _without_trailing_spaces(_layout(lines)) == _without_trailing_spaces(_folded_layout(lines, wider_than_any_table))


def _without_trailing_spaces(layout: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in layout).rstrip()


def test_a_table_that_is_too_wide_is_folded() -> None:
    """No line is wider than the terminal, and no character is lost."""
    table = Table(["name", "text"], [["wide", "x" * 100]])
    assert max(map(len, table.plain(40).splitlines())) <= 40
    assert table.plain(40).count("x") == 100
    assert "x" * 100 in table.plain(110)


def test_html_is_escaped() -> None:
    """Names and values are never markup or scripts."""
    markup = "<script>alert('\"&')</script>"
    html = Table([markup], [[markup]], title=markup, note=markup)._repr_html_()
    assert "<script" not in html
    # The title, the header, the cell and the note contain the text.
    assert html.count("&lt;script&gt;alert(&#x27;&quot;&amp;&#x27;)&lt;/script&gt;") == 4
    # A table has the colors of the JupyterLab theme.
    assert "var(--jp-ui-font-color1" in html


def test_markup_and_control_characters_are_shown_as_text() -> None:
    """A table contains no markup of rich and no control sequences."""
    text = Table(["a"], [["[red]x[/red]\x1b[31m\u202e"]]).plain()
    assert "[red]x[/red]\\x1b[31m\\u202e" in text
    assert "\x1b" not in text


def test_a_table_is_a_sequence_of_rows() -> None:
    """Code can index, slice, count and search the rows."""
    table = Table(["a", "b"], [[1, None], [True, "x"]])
    assert (len(table), table[1], table[:1]) == (2, {"a": "yes", "b": "x"}, [{"a": "1", "b": ""}])
    assert {"a": "1", "b": ""} in table


def test_a_table_without_a_width_is_not_folded() -> None:
    """Piped output has no width."""
    table = Table(["a"], [["word " * 50]])
    assert max(map(len, table.plain(40).splitlines())) <= 40
    assert max(map(len, table.plain().splitlines())) > 200


def test_an_empty_table_shows_only_its_note() -> None:
    """There is no header."""
    assert Table(["a"], [], note="There is nothing.").plain() == "There is nothing."


def test_the_table_of_a_schema_shows_which_values_are_masked() -> None:
    """A schema with arbitrary keys has a note."""
    assert [row["value"] for row in schema_table(BasicAuthSecretSchema)] == ["shown", "masked"]
    assert "any keys" in schema_table(ArbitrarySecretSchema).note


def test_the_table_of_a_stack_shows_references_unresolved() -> None:
    """Sealed values are masked."""
    workspace = Client().workspace
    workspace.open_manager("default").register_secret(ArbitrarySecretSchema.from_content("labels", {"key": canary()}))
    workspace.register_component(ComponentType.ANNOTATOR, "a", "label_studio", {"authentication_secret": "{{labels.key}}"})
    workspace.register_component(ComponentType.ALERTER, "s", "slack", {"slack_token": canary()})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "a", ComponentType.ALERTER: "s"})
    text = stack_table(workspace.stack()).plain()
    assert "authentication_secret={{labels.key}}" in text
    assert "slack_token=‹secret:slack_token›" in text
    assert find_canary(text) == []


def test_a_value_instead_of_a_schema_type_is_hidden() -> None:
    """An imported secret may have any text as its schema type. Here it is a GitHub token."""
    summaries = [SecretSummary(name="a", schema=f"ghp_{canary('schema')}"), SecretSummary(name="b", schema="arbitrary")]
    table = secrets_table("default", summaries)
    assert [row["schema"] for row in table] == ["(not shown)", "arbitrary"]
