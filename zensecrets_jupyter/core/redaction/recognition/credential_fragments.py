"""The secret parts of URLs, connection strings, headers, command lines and JSON."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern
from zensecrets_jupyter.core.redaction.recognition.token_shapes import tokens_in
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_number, is_opaque, is_path, is_reference, is_switch
from zensecrets_jupyter.core.redaction.recognition.variable_names import NameSensitivity, classify_name

if TYPE_CHECKING:
    from collections.abc import Iterator


class SecretFragment(NamedTuple):
    """A part of a value that is a secret, and the reason as the end of a sentence."""

    text: str
    reason: str


def is_secret(name: str, value: str) -> bool:
    """Tell whether ``value`` is a secret by its name together with itself, apart from the format of a known token."""
    text = value.strip()
    verdict = classify_name(name)
    if verdict is NameSensitivity.UNKNOWN or not text:
        return False
    if verdict is NameSensitivity.POSSIBLE:
        return is_opaque(text)
    if is_switch(text) or is_reference(text) or is_path(text):
        return False
    return verdict is NameSensitivity.PASSWORD or not is_number(text)


_SCHEME = LazyPattern(r"(?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]{0,30}:(?://|(?=thin:))")
_END_OF_URL = LazyPattern(r"[\s\"'<>|]")


def fragments_of_urls(value: str) -> list[SecretFragment]:
    """Return the passwords in every URL of ``value``, as written and percent-decoded, and the secrets of its query strings."""
    found: list[str] = []
    starts = [match.span() for match in _SCHEME.finditer(value)]
    for number, (start, after) in enumerate(starts):
        until = starts[number + 1][0] if number + 1 < len(starts) else len(value)
        end = _END_OF_URL.search(value, after, until)
        rest = value[after : end.start() if end else until].rstrip(",;")
        found += _of_url(value[start:after], rest)
    return [SecretFragment(text, "the password of a URL in it") for text in dict.fromkeys(found)]


def _of_url(scheme: str, rest: str) -> Iterator[str]:
    authority = re.split(r"[/?#;]", rest, maxsplit=1)[0]
    if scheme.endswith("oracle:"):
        oracle = re.match(r"thin:[^/@\s]+/([^@\s]+)@", rest)
        yield from [oracle[1]] if oracle else []
        return
    if "@" not in authority and "@" in rest and not re.match(r"[^:@/]*(?::\d+)?(?:[/?#]|\Z)", rest):
        # A password with a slash that nobody has percent-encoded.
        authority = rest[: rest.rindex("@") + 1]
    userinfo, at, _ = authority.rpartition("@")
    if at:
        user, colon, password = userinfo.partition(":")
        yield from _as_written_and_decoded(password)
        if user and not password and (is_opaque(user) or tokens_in(user)):
            yield from _as_written_and_decoded(user)
        if colon and (is_opaque(user) and password in {"", "x-oauth-basic", "x"}):
            yield user
    if "?" in rest or "#" in rest:
        for field in re.finditer(r"[?&#;]([\w.-]+)=([^&;#\s]+)", rest):
            if _is_secret_field(field[1], field[2]):
                yield from _as_written_and_decoded(field[2])


def _as_written_and_decoded(text: str) -> Iterator[str]:
    if text and not is_reference(text):
        yield text
        if "%" in text:
            yield unquote(text)


_SIGNATURES = frozenset({"sig", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "signature", "code"})


def _is_secret_field(name: str, value: str) -> bool:
    return (name.lower() in _SIGNATURES and is_opaque(unquote(value))) or is_secret(name, unquote(value))


_VALUE = r"(?P<value>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|\{[^{}]*\}|[^\s;,&]+)"
_FIELD = LazyPattern(
    r"(?:(?<=[\s;,?&{(\"'])|\A|-D|--)(?P<name>[A-Za-z][\w.-]*(?: (?:[Kk]ey|[Pp]assword))?)\s*(?:=|(?<=[a-z]):[ ]?)\s*" + _VALUE
)
_FLAG = LazyPattern(r"(?<!\S)--(?P<name>[A-Za-z][\w.-]*)[ ]+" + _VALUE)
_HINT_OF_FIELD = LazyPattern(r"pass|pwd|pw=|secret|token|key|sig|auth|cred", re.IGNORECASE)


def fragments_of_fields(value: str) -> list[SecretFragment]:
    """Return the values of the fields of a connection string, of headers or of a command line whose names say that they are secrets."""
    if ("=" not in value and ": " not in value and "--" not in value) or not _HINT_OF_FIELD.search(value):
        return []
    found: list[SecretFragment] = []
    for field in (*_FIELD.finditer(value), *_FLAG.finditer(value)):
        text = field["value"]
        if text[:1] in "'\"{" and text[-1:] in "'\"}":
            text = text[1:-1]
        if _is_secret_field(field["name"].replace(" ", "_"), text) and not text.startswith("//"):
            found.append(SecretFragment(text, f"the field {field['name']!r} in it"))
    return found


def fragments_of_pair(value: str) -> list[SecretFragment]:
    """Return the password of ``user:password``, of ``user:password@host``, or of Oracle's ``user/password@host``."""
    match = re.match(r"[\w.+-]+(?:@[\w.-]+)?:(?!//)([^\s@]{3,}?)(?:@[\w.(\[:-].*)?\Z", value) or re.match(
        r"[\w$#]+/([^\s@/]{3,})@\S+\Z", value
    )
    return [SecretFragment(match[1], "the password in it")] if match and not is_reference(match[1]) else []


_HOOKS = LazyPattern(r"https?://[^/?#\s\"']+/(?P<path>[^\s\"'<>]{8,})")


def fragments_of_webhook(value: str) -> list[SecretFragment]:
    """Return the paths of webhook URLs, which allow posting without further authentication."""
    reason = "the path of a webhook's URL in it"
    return [
        SecretFragment(match["path"], reason) for match in _HOOKS.finditer(value) if any(map(is_opaque, re.split(r"[/?=&]", match["path"])))
    ]


_SERVICES_OF_HOOKS = (
    "hooks.slack.com/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "webhook.office.com/",
    "hooks.zapier.com/",
)


def is_webhook(name: str, value: str) -> bool:
    """Tell whether ``value`` is the URL of a webhook, by the name or by the service."""
    return "://" in value and ("WEBHOOK" in name.upper() or any(service in value for service in _SERVICES_OF_HOOKS))


def fragments_of_header(value: str) -> list[SecretFragment]:
    """Return the credentials behind ``Bearer``, ``Basic`` or ``Token``."""
    match = re.match(r"\s*(?:Authorization:\s*)?(?:Bearer|Basic|Token|ApiKey|Digest)(?:\s+|%20)(\S{6,})\s*\Z", value, re.IGNORECASE)
    return [SecretFragment(match[1], "the credentials of a header")] if match and not is_reference(match[1]) else []


def fragments_of_cookies(value: str) -> list[SecretFragment]:
    """Return the values of cookies that no person would make up."""
    values = [cookie.partition("=")[2].strip() or cookie.strip() for cookie in value.split(";")]
    return [SecretFragment(text, "a cookie in it") for text in values if is_opaque(text)]


_DEEPEST = 16


def fragments_of_json(value: str) -> list[SecretFragment] | None:
    """Return the secret leaves of a JSON object or array, or ``None`` if ``value`` is neither."""
    if value.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        document = json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return None
    return list(_leaves("", document, _DEEPEST)) if isinstance(document, (dict, list)) else None


def opaque_leaves(value: str) -> list[SecretFragment]:
    """Return the texts in a JSON document that no person would make up."""
    found: list[SecretFragment] = []
    waiting: list[Any] = [json.loads(value, strict=False)]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, (dict, list)):
            waiting += thing.values() if isinstance(thing, dict) else thing
        elif isinstance(thing, str) and is_opaque(thing):
            found.append(SecretFragment(thing, "a text in its JSON"))
    return found


def _leaves(name: str, thing: Any, depth: int) -> Iterator[SecretFragment]:
    if isinstance(thing, dict) and depth:
        for key, inner in thing.items():
            yield from _leaves(key if not isinstance(inner, list) or key else name, inner, depth - 1)
    elif isinstance(thing, list) and depth:
        for inner in thing:
            yield from _leaves(name, inner, depth - 1)
    elif isinstance(thing, str) and thing.strip():
        yield from fragments_of_leaf(name, thing)
    elif isinstance(thing, int) and not isinstance(thing, bool) and is_secret(name, str(thing)):
        yield SecretFragment(str(thing), f"the value of {name!r} in its JSON")


_SECRET_LEAVES = frozenset({"auth", "identitytoken", "registrytoken", "private_key_id", "private_key"})
"""Keys of a service account of Google Cloud and of Docker's configuration file."""


def fragments_of_leaf(name: str, value: str) -> list[SecretFragment]:
    """Return the secret parts of the text under the key ``name`` of a document: all, some or none."""
    tokens = tokens_in(value)
    if any(token.text == value.strip() or token.kind == "a private key" for token in tokens) or is_secret(name, value):
        return [SecretFragment(value, f"the value of {name!r} in its JSON")]
    if name.lower() in _SECRET_LEAVES and is_opaque(value):
        return [SecretFragment(value, f"the value of {name!r} in its JSON")]
    inner = fragments_of_urls(value) + fragments_of_fields(value) + fragments_of_header(value) + (fragments_of_json(value) or [])
    return inner + [SecretFragment(token.text, f"{token.kind} in it") for token in tokens]


def fragments_of_base64(value: str) -> list[SecretFragment]:
    """Return ``value`` itself if it is the base64 of a private key, or of JSON with a secret in it."""
    if value.startswith("LS0tLS1CRUdJTi"):
        return [SecretFragment(value, "the value looks like a private key in base64")]
    if value[:2] not in {"ey", "ew"} or "." in value:
        return []
    try:
        decoded = b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except ValueError:
        return []
    return [SecretFragment(value, "the value looks like JSON with a secret in it, in base64")] if fragments_of_json(decoded) else []
