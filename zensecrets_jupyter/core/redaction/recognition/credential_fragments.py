"""Secret parts of URLs, connection strings, headers, command lines and JSON."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern
from zensecrets_jupyter.core.redaction.recognition.token_shapes import tokens_in
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_number, is_opaque, is_path, is_reference_or_placeholder, is_switch
from zensecrets_jupyter.core.redaction.recognition.variable_names import NameSensitivity, classify_name

if TYPE_CHECKING:
    from collections.abc import Iterator


class SecretFragment(NamedTuple):
    """A secret part of a value, and the reason why it is a secret.

    A reason is a text such as "the password of a URL in it", where "it" is the value.
    """

    text: str
    reason: str


def is_secret(name: str, value: str) -> bool:
    """Return whether the value of a variable, a field or a JSON key with this name is a secret.

    The formats of well-known tokens are not checked.
    """
    text = value.strip()
    sensitivity = classify_name(name)
    if sensitivity is NameSensitivity.UNKNOWN or not text:
        return False
    if sensitivity is NameSensitivity.POSSIBLE:
        return is_opaque(text)
    if is_switch(text) or is_reference_or_placeholder(text) or is_path(text):
        return False
    return sensitivity is NameSensitivity.PASSWORD or not is_number(text)


# The scheme of a URL, and the first character after a URL. Oracle's URLs begin with `jdbc:oracle:thin:`, without slashes.
_SCHEME = LazyPattern(r"(?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]{0,30}:(?://|(?=thin:))")
_END_OF_URL = LazyPattern(r"[\s\"'<>|]")


def fragments_of_urls(value: str) -> list[SecretFragment]:
    """Return the passwords and the secret query parameters of the URLs in ``value``.

    A secret with a percent sign is returned twice: as written, and percent-decoded.
    """
    texts: list[str] = []
    schemes = [match.span() for match in _SCHEME.finditer(value)]
    for index, (start, scheme_end) in enumerate(schemes):
        stop = schemes[index + 1][0] if index + 1 < len(schemes) else len(value)
        end_match = _END_OF_URL.search(value, scheme_end, stop)
        rest = value[scheme_end : end_match.start() if end_match else stop].rstrip(",;")
        texts += _secrets_of_url(value[start:scheme_end], rest)
    return [SecretFragment(text, "the password of a URL in it") for text in dict.fromkeys(texts)]


def _secrets_of_url(scheme: str, rest: str) -> Iterator[str]:
    """Yield the secrets of one URL.

    Args:
        scheme: The scheme of the URL with the separator, such as ``https://``.
        rest: The text of the URL after the scheme.
    """
    authority = re.split(r"[/?#;]", rest, maxsplit=1)[0]
    if scheme.endswith("oracle:"):
        oracle_login = re.match(r"thin:[^/@\s]+/([^@\s]+)@", rest)
        if oracle_login:
            yield oracle_login[1]
        return
    if "@" not in authority and "@" in rest and not re.match(r"[^:@/]*(?::\d+)?(?:[/?#]|\Z)", rest):
        # The password contains a slash that should be percent-encoded. A text such as `host:80/user@x` is left out, because the @ is in
        # the path.
        authority = rest[: rest.rindex("@") + 1]
    userinfo, at_sign, _ = authority.rpartition("@")
    if at_sign:
        user, colon, password = userinfo.partition(":")
        yield from _text_and_decoded(password)
        # Some services take a token as the user name, with an empty or a fixed password.
        if user and not password and (is_opaque(user) or tokens_in(user)):
            yield from _text_and_decoded(user)
        # The password is empty or fixed, such as GitHub's x-oauth-basic.
        if colon and (is_opaque(user) and password in {"", "x-oauth-basic", "x"}):
            yield user
    if "?" in rest or "#" in rest:
        for field in re.finditer(r"[?&#;]([\w.-]+)=([^&;#\s]+)", rest):
            if _is_secret_field(field[1], field[2]):
                yield from _text_and_decoded(field[2])


def _text_and_decoded(text: str) -> Iterator[str]:
    """Yield ``text`` as written, and percent-decoded if it has a percent sign.

    Nothing is yielded for an empty text, a reference or a placeholder.
    """
    if text and not is_reference_or_placeholder(text):
        yield text
        if "%" in text:
            yield unquote(text)


# The names of query parameters that sign or authorize a URL, in lower case. An OAuth login has the parameter `code`.
_SIGNATURES = frozenset({"sig", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "signature", "code"})


def _is_secret_field(name: str, value: str) -> bool:
    """Return whether the value of a field or query parameter, which may be percent-encoded, is a secret."""
    return (name.lower() in _SIGNATURES and is_opaque(unquote(value))) or is_secret(name, unquote(value))


# The value of a field, which may be quoted.
_VALUE = r"(?P<value>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|\{[^{}]*\}|[^\s;,&]+)"
# A field such as NAME=VALUE, name: VALUE or Java's -DNAME=VALUE, and an option such as --NAME VALUE.
_FIELD = LazyPattern(
    r"(?:(?<=[\s;,?&{(\"'])|\A|-D|--)(?P<name>[A-Za-z][\w.-]*(?: (?:[Kk]ey|[Pp]assword))?)\s*(?:=|(?<=[a-z]):[ ]?)\s*" + _VALUE
)
_OPTION = LazyPattern(r"(?<!\S)--(?P<name>[A-Za-z][\w.-]*)[ ]+" + _VALUE)
# A quick check for the name of a sensitive field.
_SENSITIVE_HINT = LazyPattern(r"pass|pwd|pw=|secret|token|key|sig|auth|cred", re.IGNORECASE)


def fragments_of_fields(value: str) -> list[SecretFragment]:
    """Return the values of the sensitive fields in ``value``.

    ``value`` may be a connection string, headers or a command line.
    """
    if ("=" not in value and ": " not in value and "--" not in value) or not _SENSITIVE_HINT.search(value):
        return []
    fragments: list[SecretFragment] = []
    for field in (*_FIELD.finditer(value), *_OPTION.finditer(value)):
        text = field["value"]
        if text[:1] in "'\"{" and text[-1:] in "'\"}":
            text = text[1:-1]
        # If the text begins with two slashes, the name before the colon is the scheme of a URL.
        if _is_secret_field(field["name"].replace(" ", "_"), text) and not text.startswith("//"):
            fragments.append(SecretFragment(text, f"the field {field['name']!r} in it"))
    return fragments


def fragments_of_pair(value: str) -> list[SecretFragment]:
    """Return the password in ``user:password``, ``user:password@host``, or Oracle's ``user/password@host``; at most one."""
    match = re.match(r"[\w.+-]+(?:@[\w.-]+)?:(?!//)([^\s@]{3,}?)(?:@[\w.(\[:-].*)?\Z", value) or re.match(
        r"[\w$#]+/([^\s@/]{3,})@\S+\Z", value
    )
    return [SecretFragment(match[1], "the password in it")] if match and not is_reference_or_placeholder(match[1]) else []


# A URL with a path. The caller of fragments_of_webhook() has checked with is_webhook() that it belongs to a webhook.
_WEBHOOK = LazyPattern(r"https?://[^/?#\s\"']+/(?P<path>[^\s\"'<>]{8,})")


def fragments_of_webhook(value: str) -> list[SecretFragment]:
    """Return the secret paths of webhook URLs, which allow posting without further authentication."""
    paths = (match["path"] for match in _WEBHOOK.finditer(value))
    return [SecretFragment(path, "the path of a webhook's URL in it") for path in paths if any(map(is_opaque, re.split(r"[/?=&]", path)))]


_WEBHOOK_SERVICES = (
    "hooks.slack.com/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "webhook.office.com/",
    "hooks.zapier.com/",
)


def is_webhook(name: str, value: str) -> bool:
    """Return whether ``value`` is the URL of a webhook.

    The name of its variable or the service in the URL shows this.
    """
    return "://" in value and ("WEBHOOK" in name.upper() or any(service in value for service in _WEBHOOK_SERVICES))


def fragments_of_header(value: str) -> list[SecretFragment]:
    """Return the credentials after a scheme such as ``Bearer`` or ``Basic``; at most one."""
    match = re.match(r"\s*(?:Authorization:\s*)?(?:Bearer|Basic|Token|ApiKey|Digest)(?:\s+|%20)(\S{6,})\s*\Z", value, re.IGNORECASE)
    return [SecretFragment(match[1], "the credentials of a header")] if match and not is_reference_or_placeholder(match[1]) else []


def fragments_of_cookies(value: str) -> list[SecretFragment]:
    """Return the values of cookies that look random."""
    # Text without an equals sign may be the value of a cookie alone.
    values = [cookie.partition("=")[2].strip() or cookie.strip() for cookie in value.split(";")]
    return [SecretFragment(text, "a cookie in it") for text in values if is_opaque(text)]


_MAX_DEPTH = 16
"""Maximum number of nested levels of JSON that are searched."""


def fragments_of_json(value: str) -> list[SecretFragment] | None:
    """Return the secrets in a JSON object or array, or ``None`` if ``value`` is neither."""
    if value.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        document = json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return None
    return list(_fragments_of_tree("", document, _MAX_DEPTH)) if isinstance(document, (dict, list)) else None


def opaque_leaves(value: str) -> list[SecretFragment]:
    """Return the texts in a JSON document that look random."""
    fragments: list[SecretFragment] = []
    trees: list[Any] = [json.loads(value, strict=False)]
    while trees:
        tree = trees.pop()
        if isinstance(tree, (dict, list)):
            trees += tree.values() if isinstance(tree, dict) else tree
        elif isinstance(tree, str) and is_opaque(tree):
            fragments.append(SecretFragment(tree, "a text in its JSON"))
    return fragments


def _fragments_of_tree(name: str, tree: Any, depth: int) -> Iterator[SecretFragment]:
    """Yield the secrets in parsed JSON.

    Args:
        name: The key of the tree. An item of a list has the key of the list.
        tree: The parsed JSON.
        depth: The number of nested levels to search.
    """
    if isinstance(tree, dict) and depth:
        for key, subtree in tree.items():
            # A list with an empty key has the name of the tree around it: the list in {"tokens": {"": ["…"]}} has the name "tokens".
            subtree_name = name if isinstance(subtree, list) and not key else key
            yield from _fragments_of_tree(subtree_name, subtree, depth - 1)
    elif isinstance(tree, list) and depth:
        for subtree in tree:
            yield from _fragments_of_tree(name, subtree, depth - 1)
    elif isinstance(tree, str) and tree.strip():
        yield from fragments_of_leaf(name, tree)
    elif isinstance(tree, int) and not isinstance(tree, bool) and is_secret(name, str(tree)):
        yield SecretFragment(str(tree), f"the value of {name!r} in its JSON")


_SECRET_LEAVES = frozenset({"auth", "identitytoken", "registrytoken", "private_key_id", "private_key"})
"""JSON keys whose values are secrets if they look random.

They occur in the service account files of Google Cloud and in the configuration file of Docker.
"""


def fragments_of_leaf(name: str, value: str) -> list[SecretFragment]:
    """Return the secret parts of one text of a JSON document.

    They are the whole text, some parts of it, or none. ``name`` is the key of the text.
    """
    tokens = tokens_in(value)
    if any(token.text == value.strip() or token.kind == "a private key" for token in tokens) or is_secret(name, value):
        return [SecretFragment(value, f"the value of {name!r} in its JSON")]
    if name.lower() in _SECRET_LEAVES and is_opaque(value):
        return [SecretFragment(value, f"the value of {name!r} in its JSON")]
    fragments = fragments_of_urls(value) + fragments_of_fields(value) + fragments_of_header(value) + (fragments_of_json(value) or [])
    return fragments + [SecretFragment(token.text, f"{token.kind} in it") for token in tokens]


def fragments_of_base64(value: str) -> list[SecretFragment]:
    """Return ``value`` itself if it is a secret in base64.

    The secret is PEM text, such as a private key, or JSON with a secret in it. Otherwise the list is empty.
    """
    # This is the base64 of "-----BEGIN ".
    if value.startswith("LS0tLS1CRUdJTi"):
        return [SecretFragment(value, "the value looks like a private key in base64")]
    # The base64 of JSON begins with "ey" or "ew". A text with a dot is a JSON web token.
    if value[:2] not in {"ey", "ew"} or "." in value:
        return []
    try:
        decoded = b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except ValueError:
        return []
    return [SecretFragment(value, "the value looks like JSON with a secret in it, in base64")] if fragments_of_json(decoded) else []
