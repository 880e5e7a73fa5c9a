"""Which variables of an environment are secrets, by name and value, and which parts of a value are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.redaction.recognition import credential_fragments as fragments
from zensecrets_jupyter.core.redaction.recognition.choices import VariableChoices, read_choices
from zensecrets_jupyter.core.redaction.recognition.reasons import the_reasons
from zensecrets_jupyter.core.redaction.recognition.token_shapes import tokens_in
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque, is_reference
from zensecrets_jupyter.core.redaction.recognition.variable_names import NameSensitivity, classify_name
from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "env."
_FOLDERS = frozenset({"PWD", "OLDPWD", "INIT_CWD", "CWD"})
"""Variables that hold a folder, for all that their names look like: a shell's (POSIX, sh, "Environment Variables")."""


class SecretOfVariable(NamedTuple):
    """A secret in a variable's value, and why it is one: "environment variable, its name"."""

    value: str
    reason: str


def secrets_of_variable(variable: str, value: str, choices: VariableChoices = VariableChoices()) -> list[SecretOfVariable]:  # noqa: B008 - it is immutable
    """Return the secrets in ``value``: the whole, or only the password of a URL, a field, a leaf of JSON; none if it is harmless.

    Args:
        variable: The variable's name.
        value: Its value.
        choices: What a person has said of variables; it comes before what we think.
    """
    if variable in choices.ignore or not value:
        return []
    if variable in choices.protect:
        return [SecretOfVariable(value, "environment variable, as you chose")]
    if variable in _FOLDERS:
        return []
    return [SecretOfVariable(part.text, f"environment variable, {part.reason}") for part in _parts(variable, value)]


def _parts(variable: str, value: str) -> list[fragments.SecretFragment]:
    verdict = classify_name(variable)
    tokens = tokens_in(value)
    if any(token.text == value.strip() for token in tokens):
        return [fragments.SecretFragment(value, f"the value looks like {tokens[0].kind}")]
    if verdict is NameSensitivity.PASSWORD and fragments.is_secret(variable, value):
        # A password may look like anything, also like JSON, a URL or a field.
        return [fragments.SecretFragment(value, "its name")]
    in_json = fragments.fragments_of_json(value)
    if in_json is not None:
        return in_json or (fragments.opaque_leaves(value) if verdict is NameSensitivity.SECRET else [])
    found = _parts_of_text(variable, value) + [fragments.SecretFragment(token.text, f"{token.kind} in it") for token in tokens]
    return found if verdict is NameSensitivity.UNKNOWN or "://" in value else _with_name(variable, value, verdict, found)


def _with_name(
    variable: str, value: str, verdict: NameSensitivity, found: list[fragments.SecretFragment]
) -> list[fragments.SecretFragment]:
    """Return the secrets of a value that has the parts ``found``, and whose variable's name says that it may be a secret."""
    if variable.upper().endswith(("COOKIE", "COOKIES")):
        return fragments.fragments_of_cookies(value)
    if found and (verdict is not NameSensitivity.SECRET or fragments.fragments_of_pair(value)):
        return found
    return [fragments.SecretFragment(piece, "its name") for piece in _pieces(value) if fragments.is_secret(variable, piece)] + found


def _parts_of_text(variable: str, value: str) -> list[fragments.SecretFragment]:
    found: list[fragments.SecretFragment] = []
    if "://" in value or "thin:" in value:
        found += fragments.fragments_of_urls(value)
        if fragments.is_webhook(variable, value):
            found += fragments.fragments_of_webhook(value)
    found += fragments.fragments_of_fields(value) + fragments.fragments_of_header(value)
    if not found and _takes_pair(variable) and not is_reference(value):
        found += fragments.fragments_of_pair(value)
    return found or fragments.fragments_of_base64(value)


_PAIRS = ("AUTH", "DSN", "CREDENTIAL", "CREDENTIALS", "CREDS", "USERPWD", "CONNECTION", "CONNECT", "CONN", "_STRING", "LOGIN", "URL", "URI")


def _takes_pair(variable: str) -> bool:
    return variable.upper().endswith(_PAIRS)


def _pieces(value: str) -> list[str]:
    """Return ``value``, or each of several that are separated by commas or white space where each of them is long."""
    pieces = [piece for piece in value.replace(",", " ").split() if piece]
    if len(pieces) > 1 and all(map(is_opaque, pieces)):
        return pieces
    return [value]


def protect_variable(variable: str, value: str, *, redactor: Redactor, choices: VariableChoices) -> bool:
    """Protect the secrets in a variable as ``env.NAME``, record the reason, and return whether there were any."""
    name = PREFIX + variable
    protected = False
    for secret in secrets_of_variable(variable, value, choices):
        before = redactor.size
        if redactor.protect(secret.value, name):
            protected = True
            if redactor.size > before and redactor is the_redactor():
                the_reasons().add(name, secret.reason)
    return protected


def protect_environment(environ: Mapping[str, str], *, redactor: Redactor | None = None) -> list[str]:
    """Protect the secrets in ``environ``, and return the names of their variables as ``env.NAME``.

    What is short or common is left out, and so is what is protected already, under the name of its secret.

    Args:
        environ: The environment, such as ``os.environ``.
        redactor: The redactor to tell; :func:`the_redactor` by default.
    """
    chosen = redactor or the_redactor()
    choices = saved_choices(reload=True)
    return [PREFIX + variable for variable, value in environ.items() if protect_variable(variable, value, redactor=chosen, choices=choices)]


def saved_choices(*, reload: bool = False) -> VariableChoices:
    """Return what ``%secret guard ignore`` and ``protect`` have saved; nothing where their file is damaged: too much is protected then."""
    with suppress(ZenSecretsError):
        return read_choices(reload=reload)
    return VariableChoices()
