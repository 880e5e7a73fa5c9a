"""How secrets, stacks and reports look in a notebook."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once
GET = "from zensecrets_jupyter import Client; Client().get_secret('db')"


@pytest.fixture
def stocked(kernel: Kernel) -> Kernel:
    """Return a kernel with a database's secret and a stack that lacks another."""
    ran = kernel.run("%secret register db --schema=postgresql --user=ada --password", [canary("display")])
    assert ran.ok, ran.error
    assert kernel.run("%zen annotator register <b>bold</b> --flavor=label_studio --authentication_secret={{ls.key}}").ok
    assert kernel.run("%stack update default -an <b>bold</b>").ok
    return kernel


@pytest.mark.parametrize("cell", ["%secret get db", GET], ids=["magic", "python"])
def test_a_secret_is_a_masked_table(stocked: Kernel, cell: str) -> None:
    """Both doors give the secret, shown in HTML and as text with a mark for the password and the user's name in clear."""
    ran = stocked.run(cell)
    for mime in ("text/html", "text/plain"):
        (shown,) = ran.shown(mime)
        assert "‹secret:db.password›" in unescape(shown)
        assert "ada" in shown
    assert not find_canary(repr(ran))


def test_inside_other_things_a_secret_is_one_line(stocked: Kernel) -> None:
    """In a list or a dict a secret shows as its masked repr."""
    (shown,) = stocked.run(f"{GET.split(';', maxsplit=1)[0]}; [Client().get_secret('db')]").shown()
    assert shown.startswith("[PostgreSQLSecretSchema(")
    assert "‹secret:db.password›" in shown


def test_a_value_is_a_mark(stocked: Kernel) -> None:
    """A value on its own, from the magic or from Python, shows as a mark and is the value all the same."""
    for cell in ("%secret get db --key password", f"{GET}.content['password']"):
        assert stocked.run(cell).shown() == ["'‹secret:db.password›'"]
    ran = stocked.run("value = %secret get db --key password\n(type(value), len(value) > 20)")
    assert ran.shown() == ["(str, True)"]


def test_names_are_escaped(stocked: Kernel) -> None:
    """What somebody called a component is text in the HTML, never markup."""
    for cell in ("%stack describe", "%stack validate", "%zen annotator list"):
        (html,) = stocked.run(cell).shown("text/html")
        assert "<b>bold</b>" not in html
        assert "&lt;b&gt;bold&lt;/b&gt;" in html


def test_assigning_shows_nothing_and_gives_the_object(stocked: Kernel) -> None:
    """`s = %secret get NAME` is the secret itself; a report is data."""
    assert stocked.run("s = %secret get db").shown() == []
    assert stocked.run("s.user").shown() == ["'ada'"]
    ran = stocked.run("r = %stack validate\n[(p.code, p.attribute) for p in r.problems]")
    assert ran.shown() == ["[('secret-not-found', 'authentication_secret')]"]


def test_nothing_of_a_value_is_left_behind(stocked: Kernel, tmp_path: Path) -> None:
    """After all that, neither the kernel's messages nor its files hold a value, its history included."""
    stocked.run("%secret get db")
    stocked.run("Client = None; %history -g")
    assert not find_canary(repr(stocked.record))
    assert not find_canary(tmp_path)
