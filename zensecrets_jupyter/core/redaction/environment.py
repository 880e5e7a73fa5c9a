"""Find secrets in environment variables, and protect them.

A secret is found by the name and the value of its variable.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.redaction.recognition import credential_fragments as fragments
from zensecrets_jupyter.core.redaction.recognition.choices import VariableChoices, read_choices
from zensecrets_jupyter.core.redaction.recognition.reasons import the_protection_reasons
from zensecrets_jupyter.core.redaction.recognition.token_shapes import tokens_in
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque, is_reference_or_placeholder
from zensecrets_jupyter.core.redaction.recognition.variable_names import NameSensitivity, classify_name
from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "env."
"""The prefix of the names under which the secrets of variables are protected."""
_FOLDERS = frozenset({"PWD", "OLDPWD", "INIT_CWD", "CWD"})
"""Variables of shells that contain a folder, although PWD also abbreviates "password" (POSIX, sh, "Environment Variables")."""


class SecretOfVariable(NamedTuple):
    """A secret in the value of a variable, and the reason why it is one.

    A reason is a text such as "environment variable, its name".
    """

    value: str
    reason: str


def secrets_of_variable(variable: str, value: str, choices: VariableChoices = VariableChoices()) -> list[SecretOfVariable]:  # noqa: B008 - the default is an immutable tuple
    """Return the secrets in the value of a variable.

    A secret is the whole value, or a part of it such as the password of a URL, a field, or a text in JSON.

    Args:
        variable: The name of the variable.
        value: The value of the variable.
        choices: The variables that the user chose to protect or to ignore, whatever they contain.
    """
    if variable in choices.ignore or not value:
        return []
    if variable in choices.protect:
        return [SecretOfVariable(value, "environment variable, as you chose")]
    if variable in _FOLDERS:
        return []
    return [SecretOfVariable(fragment.text, f"environment variable, {fragment.reason}") for fragment in _fragments(variable, value)]


def _fragments(variable: str, value: str) -> list[fragments.SecretFragment]:
    """Return the secret parts of a value, and the reason for each."""
    sensitivity = classify_name(variable)
    tokens = tokens_in(value)
    if any(token.text == value.strip() for token in tokens):
        return [fragments.SecretFragment(value, f"the value looks like {tokens[0].kind}")]
    if sensitivity is NameSensitivity.PASSWORD and fragments.is_secret(variable, value):
        # A password may look like anything, even like JSON, a URL or a field. It is therefore not taken apart.
        return [fragments.SecretFragment(value, "its name")]
    # None if the value is not JSON.
    json_fragments = fragments.fragments_of_json(value)
    if json_fragments is not None:
        return json_fragments or (fragments.opaque_leaves(value) if sensitivity is NameSensitivity.SECRET else [])
    parts = _fragments_of_text(variable, value) + [fragments.SecretFragment(token.text, f"{token.kind} in it") for token in tokens]
    # The name of the variable says nothing about the value, or the value is a URL, whose secret parts are already found.
    if sensitivity is NameSensitivity.UNKNOWN or "://" in value:
        return parts
    return _fragments_by_name(variable, value, sensitivity, parts)


def _fragments_by_name(
    variable: str, value: str, sensitivity: NameSensitivity, parts: list[fragments.SecretFragment]
) -> list[fragments.SecretFragment]:
    """Return the secrets in the value of a variable whose name is sensitive.

    Args:
        variable: The name of the variable.
        value: The value of the variable.
        sensitivity: The sensitivity of the name.
        parts: The secret parts of the value that were recognized without the name.
    """
    if variable.upper().endswith(("COOKIE", "COOKIES")):
        return fragments.fragments_of_cookies(value)
    # The whole value is a secret only if its name says so, and if it is no pair, because the user name of a pair is public.
    if parts and (sensitivity is not NameSensitivity.SECRET or fragments.fragments_of_pair(value)):
        return parts
    return [fragments.SecretFragment(item, "its name") for item in _items(value) if fragments.is_secret(variable, item)] + parts


def _fragments_of_text(variable: str, value: str) -> list[fragments.SecretFragment]:
    """Return the secret parts of a value that is not JSON.

    They are in URLs, fields, a header, a pair such as ``user:password``, or base64.
    """
    parts: list[fragments.SecretFragment] = []
    # Addresses of Oracle may have no "://", such as jdbc:oracle:thin:user/password@host.
    if "://" in value or "thin:" in value:
        parts += fragments.fragments_of_urls(value)
        if fragments.is_webhook(variable, value):
            parts += fragments.fragments_of_webhook(value)
    parts += fragments.fragments_of_fields(value) + fragments.fragments_of_header(value)
    if not parts and _may_contain_pair(variable) and not is_reference_or_placeholder(value):
        parts += fragments.fragments_of_pair(value)
    return parts or fragments.fragments_of_base64(value)


# The ends of the names of variables that may contain a pair such as ``user:password``.
_NAME_ENDINGS_OF_PAIRS = (
    "AUTH",
    "DSN",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "USERPWD",
    "CONNECTION",
    "CONNECT",
    "CONN",
    "_STRING",
    "LOGIN",
    "URL",
    "URI",
)


def _may_contain_pair(variable: str) -> bool:
    """Return whether a variable with this name may contain ``user:password``."""
    return variable.upper().endswith(_NAME_ENDINGS_OF_PAIRS)


def _items(value: str) -> list[str]:
    """Return the items of the list in ``value``, if all of them look random.

    Otherwise the only item of the result is ``value``.
    """
    items = value.replace(",", " ").split()
    if len(items) > 1 and all(map(is_opaque, items)):
        return items
    return [value]


def protect_variable(variable: str, value: str, *, redactor: Redactor, choices: VariableChoices) -> bool:
    """Protect the secrets in a variable as ``env.NAME``, and record the reasons.

    Returns:
        Whether any secret is protected.
    """
    name = PREFIX + variable
    is_any_protected = False
    for secret in secrets_of_variable(variable, value, choices):
        earlier_size = redactor.size
        if redactor.protect(secret.value, name):
            is_any_protected = True
            # A value that was protected before keeps its name, and the reason for that name. Reasons are recorded only for the redactor of
            # the process.
            if redactor.size > earlier_size and redactor is the_redactor():
                the_protection_reasons().add(name, secret.reason)
    return is_any_protected


def protect_environment(environ: Mapping[str, str], *, redactor: Redactor | None = None) -> list[str]:
    """Protect the secrets in ``environ``, and return names such as ``env.DB_PASSWORD``.

    The result has one name for each variable with a protected secret. Short and common values are left out, because they can't be masked. A
    value that is already protected keeps its old name in masks.

    Args:
        environ: The environment, such as ``os.environ``.
        redactor: The redactor. The default is :func:`the_redactor`.
    """
    redactor = redactor or the_redactor()
    choices = saved_choices(reload=True)
    return [
        PREFIX + variable for variable, value in environ.items() if protect_variable(variable, value, redactor=redactor, choices=choices)
    ]


def saved_choices(*, reload: bool = False) -> VariableChoices:
    """Return the choices that ``%secret guard protect`` and ``ignore`` have saved.

    If the file is unreadable, there are no choices, so that ignored variables are protected too.

    Args:
        reload: Whether to read the file even if this process has read it before.
    """
    with suppress(ZenSecretsError):
        return read_choices(reload=reload)
    return VariableChoices()
