"""The messages between Python and the browser: their generated TypeScript types, and their strict parsing."""

from __future__ import annotations

import pytest

from tests.support.typescript import CONTRACTS, FOLDER, generate
from zensecrets_jupyter.contract import form as form_contract
from zensecrets_jupyter.contract import guard as guard_contract

SUBMISSION = '{"form_id": "f", "attempt": 0, "sections": [{"values": [["a", "b"]], "removed": []}]}'
"""A valid submission of a form. In its section, the key ``a`` has the value ``b``, and no key is removed."""


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_typescript_types_equal_the_python_models(name: str) -> None:
    """The committed files are the output of `python -m tests.support.typescript`."""
    assert (FOLDER / f"{name}.ts").read_text(encoding="utf-8") == generate(name)


def test_a_submission_is_read() -> None:
    """A complete submission is valid, with and without the padding that hides its length."""
    submission = form_contract.read_submission(SUBMISSION.encode())
    assert submission is not None
    assert submission.sections[0].values == (("a", "b"),)
    assert form_contract.read_submission(f'{SUBMISSION[:-1]}, "pad": "   "}}'.encode()) == submission.model_copy(update={"pad": "   "})


@pytest.mark.parametrize(
    ("valid_text", "wrong_text"),
    [
        ('"attempt": 0', '"attempt": "0"'),
        ('"attempt": 0', '"attempt": 0, "other": 1'),
        ('"removed": []', '"removed": [], "other": 1'),
        ('["a", "b"]', '["a", "b", "c"]'),
        ('["a", "b"]', '["a", 1]'),
        ('"form_id": "f", ', ""),
        (SUBMISSION, "[]"),
        (SUBMISSION, "no JSON"),
    ],
    ids=["number as text", "unknown field", "unknown field of a section", "triple", "number", "missing field", "list", "no JSON"],
)
def test_a_malformed_submission_is_refused(valid_text: str, wrong_text: str) -> None:
    """A field of a wrong type is not converted, and an unknown field is not ignored."""
    assert valid_text in SUBMISSION
    assert form_contract.read_submission(SUBMISSION.replace(valid_text, wrong_text).encode()) is None


def test_a_submission_without_an_encrypted_text_reaches_the_session() -> None:
    """The message is valid, with an empty text. Then the session of the form refuses it, and informs the user."""
    for sealed in ({}, {"sealed": None}, {"sealed": 5}):
        assert form_contract.read_message({"kind": "submit", **sealed}) == form_contract.SubmitMessage(kind="submit", sealed="")


@pytest.mark.parametrize(
    "content", [None, 5, "submit", [], {}, {"kind": None}, {"kind": ["submit"]}, {"kind": "cancel", "other": 1}], ids=repr
)
def test_an_unknown_message_to_a_form_is_refused(content: object) -> None:
    """A message is refused if it is not a mapping, has no valid kind, or has an unknown field."""
    assert form_contract.read_message(content) is None


def test_messages_to_the_guard_are_read() -> None:
    """A field that this version of the package does not know is ignored."""
    output = {"cell_id": "c", "index": 0, "output": {"output_type": "stream", "text": "text"}}
    messages: list[dict[str, object]] = [
        {"kind": "hello"},
        {"kind": "outputs", "outputs": [output]},
        {"kind": "repaired", "cell_id": "c", "is_repaired": False},
    ]
    for message in messages:
        message_of_later_version = {**message, "new_field": 1}
        assert guard_contract.read_message(message) == message
        assert guard_contract.read_message(message_of_later_version) == message


@pytest.mark.parametrize(
    "data",
    [
        None,
        "hello",
        {},
        {"kind": "status"},
        {"kind": "repaired", "cell_id": "c", "is_repaired": "yes"},
        {"kind": "repaired", "cell_id": 1, "is_repaired": True},
        {"kind": "outputs", "outputs": [None]},
        {"kind": "outputs", "outputs": [{"cell_id": "c", "index": 0}]},
    ],
    ids=repr,
)
def test_an_unknown_message_to_the_guard_is_ignored(data: object) -> None:
    """A message without a known kind is ignored. A field of a wrong type is not converted, so its message is ignored."""
    assert guard_contract.read_message(data) is None
