"""Comments at the end of a command line."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensecrets_jupyter.commands.line_cleaning import find_inline_secrets
from zensecrets_jupyter.commands.magic_lines import strip_comment
from zensecrets_jupyter.core.text_edits import apply_edits


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("list  # comment", "list"),
        ("# comment", ""),
        ("list #comment # more", "list"),
        ("list # don't", "list"),
        ('list # "', "list"),
        ("register a --key=x#y", "register a --key=x#y"),
        ("register a --key '#x' # c", "register a --key '#x'"),
        ('register a --key="a # b"', 'register a --key="a # b"'),
        (r"register a --key \#x", r"register a --key \#x"),
        ("register a --key='open # c", "register a --key='open # c"),
        ("it's # a", "it's # a"),
        ("", ""),
    ],
)
def test_a_comment_starts_at_a_word_with_a_hash(line: str, rest: str) -> None:
    """A ``#`` in quotes or inside a word starts no comment. An open quote, as in ``it's # a``, continues to the end of the line."""
    assert strip_comment(line) == rest


@given(st.lists(st.text("ab #'\"\\=-\t", max_size=8)), st.text("ab #'\"\\"))
def test_quoted_words_are_not_comments(words: list[str], comment: str) -> None:
    """Quoted words do not change, whatever comment follows them."""
    line = shlex.join(words)
    assert shlex.split(strip_comment(line)) == words
    assert shlex.split(strip_comment(f"{line} # {comment}")) == words


def test_a_value_before_a_comment_is_removed() -> None:
    """The comment stays, and its text is not an option."""
    line = "register db --password=hunter2-hunter2  # --user=me"
    findings = find_inline_secrets(["secret"], line)
    assert [secret.value for secret in findings.inline_secrets] == ["hunter2-hunter2"]
    assert apply_edits(line, findings.edits) == "register db --password  # --user=me"
