"""Public parts of secrets: prefixes that name the service, a PEM's armour, a URL's host, keys of JSON that hold no secret.

A truncated value is masked from twelve characters on. They are counted from the first one that is not public.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NamedTuple

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE, unmaskable_reason


class SensitiveSpan(NamedTuple):
    """The part of a text that is not public: ``text[start:end]``, and whether its beginning or its end is masked alone."""

    start: int
    end: int
    cut: bool


_ARMOUR = r"-----BEGIN [A-Z0-9 ]+-----\s*"
# The beginning of a key's DER in base64 tells the kind of key and its length: it is the same in all keys of a kind. RFC 5958, RFC 8017,
# RFC 5915, and OpenSSH's PROTOCOL.key.
_DER = (
    r"(?:MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC[A-Za-z0-9+/]{2}[A-Za-z0-9+/]{2,3}gg[A-Za-z0-9+/]{2,3}AgEAAo[A-Za-z0-9+/]{3,6}"
    r"|MII[A-Za-z0-9+/]{3}IBAAKC[A-Za-z0-9+/]{4}"
    r"|MIG[A-Za-z0-9+/]AgEAM[A-Za-z0-9+/]{0,24}AgEGCCqGSM49AwEHBG0wawIBAQQg"
    r"|M[A-Za-z0-9+/]{2}CAQEE[A-Za-z0-9+/]"
    r"|MC4CAQAwBQYDK2VwBCIEI"
    r"|MII[A-Za-z0-9+/]{3}BOBgkqhkiG9w0BBQ0w[A-Za-z0-9+/]{4,24}"
    r"|b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/]{0,80})"
)
_KIND_OF_KEY = (
    r"sk-proj-|sk-ant-[a-z]+\d+-|sk-or-v1-|sk-(?=[A-Za-z0-9])|(?:sk|rk|pk)_(?:live|test)_|whsec_|github_pat_11|gh[pousr]_|gl[a-z]{2,5}-"
    r"|xox[a-z]-(?:\d+-)*|xapp-\d-|ya29\.(?:[ac]\.)?|1//|AKIA|ASIA|AIza|hf_|api_org_|npm_|pypi-AgE[A-Za-z0-9]{12}|do[opr]_v1_|SG\.|shp[a-z]{2}_"
    r"|r8_|gsk_|xai-|dckr_pat_|dapi|lin_api_|nvapi-|pat-|hvs\.|AQ\.|LS0tLS1CRUdJTi[A-Za-z0-9+/]{60}|FwoGZXIvYXdz|IQoJb3JpZ2luX2Vj"
)
_SIGNED_CLAIMS = r"eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{0,24})?"
_URL_WITH_USER = r"[A-Za-z][A-Za-z0-9+.-]*://(?=[^/@\s]*@)"
# What the services of webhooks put before the secret part of the path: https://api.slack.com/messaging/webhooks,
# https://discord.com/developers/docs/resources/webhook.
_WEBHOOK = r"https://(?:hooks\.slack\.com/services/T\w+/B\w+/|discord(?:app)?\.com/api/webhooks/\d+/)"
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]*[/?#]?(?:\?)?"
# `region = us-east-1`, `"region": "us-east-1"` and `AWS_REGION=us-east-1`; but a password may hold a `=` of its own.
_SETTING = (
    r"[A-Z][A-Z0-9_]{0,40}|[a-z_.-]{0,40}(?:key|token|secret|password|region|host|user|username|url|name|id|type|port|profile|output)"
)
NAMED = rf"(?:[\"']?(?:[A-Za-z_][A-Za-z0-9_.-]{{0,40}}[\"']?(?::\s|\s=\s)|(?:{_SETTING})=)\s*[\"']?)"
_PREFIX = re.compile(
    rf"\s*(?:export\s+)?(?:{NAMED})?(?:(?:Bearer|Basic|[Tt]oken)\s+)?"
    rf"(?:{_ARMOUR}{_DER}|{_ARMOUR}|{_DER}|{_KIND_OF_KEY}|{_SIGNED_CLAIMS}|eyJ[A-Za-z0-9+/_-]{{24}}|{_URL_WITH_USER}|{_WEBHOOK}|{_URL})?"
)
_END_OF_ARMOUR = re.compile(r"-----END [A-Z0-9 ]+-----")
_CLOSING = "\"'=,;} \t\r\n"
_HOST = re.compile(r"://[^/?#\s]*(@)")
# Where a connection string or a signed URL keeps its secret.
_FIELD = re.compile(
    r"(?:(?<=[?&;])|\A)(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig|password|pwd|secret|token)=([^;&\s]+)", re.IGNORECASE
)
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def sensitive_span(text: str) -> SensitiveSpan:
    """Return where in ``text`` its part that is not public begins and ends."""
    start, end = _bounds(text)
    # Of a text that is public but for a few characters only the whole is its own.
    return SensitiveSpan(start, end, cut=True) if end - start >= SHORTEST_VALUE else SensitiveSpan(0, len(text), cut=False)


def _bounds(text: str) -> tuple[int, int]:
    fields = list(_FIELD.finditer(text))
    if fields:
        return fields[0].start(1), fields[-1].end(1)
    inside = leaves(text)
    if inside:
        return _bounds_of_json(text, set(inside))
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    host = _HOST.search(text)
    if host:
        return start, host.start(1)
    return start, _end(text, start)


def _end(text: str, start: int) -> int:
    """Return where the text's own part ends: before a PEM's last line, padding, and what closes quotes."""
    own = text.rstrip()
    armour = own.rfind("-----END ")
    if armour >= start and _END_OF_ARMOUR.fullmatch(own, armour):
        own = own[:armour]
    return max(start, len(own.rstrip(_CLOSING)))


def _bounds_of_json(text: str, inside: set[str]) -> tuple[int, int]:
    spans = [match.span() for match in _JSON_TEXT.finditer(text) if json.loads(match[0], strict=False) in inside]
    if not spans:
        return 0, len(text)
    start, end = spans[0][0] + 1, spans[-1][1] - 1
    first = sensitive_span(text[start : spans[0][1] - 1])
    return start + first.start, end


# What Google's credential files hold beside the key; none of it lets anybody in.
_PUBLIC_IN_GOOGLE_FILE = frozenset(
    {"type", "project_id", "client_email", "client_id", "auth_uri", "token_uri", "universe_domain", "quota_project_id"}
)


def leaves(text: str) -> list[str]:
    """Return the strings and the long numbers in ``text`` if it is a JSON object or array, but for those that are no secrets."""
    if text.lstrip()[:1] not in {"{", "["}:
        return []
    try:
        thing = json.loads(text, parse_int=_Number, parse_float=_Number)
    except (ValueError, RecursionError):
        return []
    found: list[str] = []
    _gather(thing, found)
    return found


# Keys of documents that services hand out, such as the secret of an RDS database: they name things, and open none.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
_PUBLIC_KEYS = frozenset(
    """
    account_name apiversion application_name cluster comment conn_type created_at database db dbclusteridentifier dbinstanceidentifier
    dbname description dialect driver email endpoint engine exp expiration expires_at expires_in expiry format host hostname iat id_type
    issuer kind label login masterarn name nbf port project project_id region schema scheme server sslmode timestamp title token_type
    type updated_at user username version
    """.split()  # noqa: SIM905 - one word a line would be 40 lines
)
_DIGITS_OF_A_SECRET = 6


class _Number(str):
    """A number as it stands in JSON."""

    __slots__ = ()


def _gather(thing: Any, found: list[str]) -> None:
    if isinstance(thing, dict):
        of_google = thing.get("type") in {"service_account", "authorized_user", "external_account"}
        for key, inner in thing.items():
            if of_google and (key in _PUBLIC_IN_GOOGLE_FILE or key.endswith("_url")):
                continue
            if key.lower() not in _PUBLIC_KEYS or isinstance(inner, (dict, list)):
                _gather(inner, found)
    elif isinstance(thing, list):
        for inner in thing:
            _gather(inner, found)
    elif isinstance(thing, _Number):
        if sum(letter.isdigit() for letter in thing) >= _DIGITS_OF_A_SECRET and not is_public(thing):
            found.append(str(thing))
    elif isinstance(thing, str) and not is_public(thing):
        found.append(thing)


_PUBLIC = re.compile(
    r"\s*(?:-----(?:BEGIN|END) [A-Z0-9 ]+-----|[A-Z][A-Za-z-]+: [\w,.-]*|[{}\[\],:\"\s]*|https?://[^/@?#\s]+(?:/[\w./-]*)?)\s*"
)


_LONGEST_PUBLIC = 200
_CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
"""The first line of a certificate in base64, as a kubeconfig holds it."""


def _is_certificate(text: str) -> bool:
    """Tell whether ``text`` is the base64 of certificates only."""
    if not text.startswith(_CERTIFICATE):
        return False
    try:
        return b"PRIVATE KEY" not in base64.b64decode(text)
    except binascii.Error:
        return False


def is_public(text: str) -> bool:
    """Tell whether ``text``, a line or a part of a value, tells nothing alone."""
    if unmaskable_reason(text) or (len(text) <= _LONGEST_PUBLIC and _PUBLIC.fullmatch(text)) or _is_certificate(text):
        return True
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    return bool(unmaskable_reason(text[start : _end(text, start)]))
