"""Display of secrets, stacks and reports in a notebook."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python
GET_CELL = "from zensecrets_jupyter import Client; Client().get_secret('db')"


@pytest.fixture
def prepared_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel with a secret, and a stack that refers to a missing secret.

    The name of the annotator is HTML, for the test of escaping.
    """
    result = kernel.run("%secret register db --schema=postgresql --user=ada --password", [canary("display")])
    assert result.ok, result.error
    assert kernel.run("%zen annotator register <b>bold</b> --flavor=label_studio --authentication_secret={{ls.key}}").ok
    assert kernel.run("%stack update default -an <b>bold</b>").ok
    return kernel


@pytest.mark.parametrize("cell", ["%secret get db", GET_CELL], ids=["magic", "python"])
def test_a_secret_is_a_masked_table(prepared_kernel: Kernel, cell: str) -> None:
    """A secret is displayed as a table with a masked password.

    The name of the user is not masked.
    """
    result = prepared_kernel.run(cell)
    for mime in ("text/html", "text/plain"):
        (display_text,) = result.displayed_data(mime)
        assert "‹secret:db.password›" in unescape(display_text)
        assert "ada" in display_text
    assert not find_canary(repr(result))


def test_a_secret_in_a_list_is_one_line(prepared_kernel: Kernel) -> None:
    """A secret in a list is displayed as its masked repr."""
    # The first part of the cell is only the import of GET_CELL.
    (display_text,) = prepared_kernel.run(f"{GET_CELL.split(';', maxsplit=1)[0]}; [Client().get_secret('db')]").displayed_data()
    assert display_text.startswith("[PostgreSQLSecretSchema(")
    assert "‹secret:db.password›" in display_text


def test_a_value_is_displayed_as_a_mask(prepared_kernel: Kernel) -> None:
    """A value is displayed as a mask, and code gets the value itself."""
    for cell in ("%secret get db --key password", f"{GET_CELL}.content['password']"):
        assert prepared_kernel.run(cell).displayed_data() == ["'‹secret:db.password›'"]
    result = prepared_kernel.run("value = %secret get db --key password\n(type(value), len(value) > 20)")
    assert result.displayed_data() == ["(str, True)"]


PIPELINE = """
import zensecrets_jupyter as zs
from zensecrets_jupyter import pipeline, step

@step
def load() -> int:
    return 1

@pipeline
def one_step():
    load()
"""


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("zs.Client().active_stack", "label_studio"),
        ("zs.Client().active_stack.validate()", "authentication_secret"),
        ("run", "load"),
    ],
    ids=["stack", "report", "run"],
)
def test_an_object_is_displayed_as_a_table(prepared_kernel: Kernel, cell: str, text: str) -> None:
    """A stack, a validation report and a pipeline run are displayed as tables."""
    assert prepared_kernel.run(PIPELINE).ok
    # The missing secret of the fixture's annotator would stop the run.
    assert prepared_kernel.run("%stack register plain -o default -a default -x default --set\nrun = one_step()").ok
    assert prepared_kernel.run("%stack set default").ok
    (html,) = prepared_kernel.run(cell).displayed_data("text/html")
    assert "<table" in html
    assert text in html


def test_names_are_escaped(prepared_kernel: Kernel) -> None:
    """The name of a component is escaped in HTML."""
    for cell in ("%stack describe", "%stack validate", "%zen annotator list"):
        (html,) = prepared_kernel.run(cell).displayed_data("text/html")
        assert "<b>bold</b>" not in html
        assert "&lt;b&gt;bold&lt;/b&gt;" in html


def test_an_assigned_magic_returns_an_object(prepared_kernel: Kernel) -> None:
    """`s = %secret get NAME` assigns the secret and displays nothing.

    `r = %stack validate` assigns the report as an object with the found problems.
    """
    assert prepared_kernel.run("s = %secret get db").displayed_data() == []
    assert prepared_kernel.run("s.user").displayed_data() == ["'ada'"]
    result = prepared_kernel.run("r = %stack validate\n[(p.code, p.attribute) for p in r.problems]")
    assert result.displayed_data() == ["[('secret-not-found', 'authentication_secret')]"]


def test_no_value_is_left_in_messages_or_files(prepared_kernel: Kernel, tmp_path: Path) -> None:
    """After a secret is displayed, no message or file contains a value."""
    prepared_kernel.run("%secret get db")
    prepared_kernel.run("Client = None; %history -g")
    assert not find_canary(repr(prepared_kernel.record))
    assert not find_canary(tmp_path)
