"""Public parts of secrets, such as the prefix of a token.

Other examples are the first line of a PEM key and the host of a URL.

If output shows only a part of a value, the part is masked if it has at least twelve characters. Public characters do not count.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NamedTuple

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE, unmaskable_reason


class SensitiveSpan(NamedTuple):
    """The sensitive part of a text, ``text[start:end]``.

    Attributes:
        start: The offset of the first character that is not public.
        end: The offset after the last character that is not public.
    """

    start: int
    end: int


_PEM_HEADER = r"-----BEGIN [A-Z0-9 ]+-----\s*"
# The first characters of a PEM key encode the type and the length of the key, so all keys of one type share them (RFC 5958, RFC 8017,
# RFC 5915, and PROTOCOL.key of OpenSSH).
_DER = (
    r"(?:MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC[A-Za-z0-9+/]{2}[A-Za-z0-9+/]{2,3}gg[A-Za-z0-9+/]{2,3}AgEAAo[A-Za-z0-9+/]{3,6}"
    r"|MII[A-Za-z0-9+/]{3}IBAAKC[A-Za-z0-9+/]{4}"
    r"|MIG[A-Za-z0-9+/]AgEAM[A-Za-z0-9+/]{0,24}AgEGCCqGSM49AwEHBG0wawIBAQQg"
    r"|M[A-Za-z0-9+/]{2}CAQEE[A-Za-z0-9+/]"
    r"|MC4CAQAwBQYDK2VwBCIEI"
    r"|MII[A-Za-z0-9+/]{3}BOBgkqhkiG9w0BBQ0w[A-Za-z0-9+/]{4,24}"
    r"|b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/]{0,80})"
)
# The prefixes of the tokens of well-known services. `LS0tLS1CRUdJTi` is "-----BEGIN " in base64.
_SERVICE_PREFIX = (
    r"sk-proj-|sk-ant-[a-z]+\d+-|sk-or-v1-|sk-(?=[A-Za-z0-9])|(?:sk|rk|pk)_(?:live|test)_|whsec_|github_pat_11|gh[pousr]_|gl[a-z]{2,5}-"
    r"|xox[a-z]-(?:\d+-)*|xapp-\d-|ya29\.(?:[ac]\.)?|1//|AKIA|ASIA|AIza|hf_|api_org_|npm_|pypi-AgE[A-Za-z0-9]{12}|do[opr]_v1_|SG\.|shp[a-z]{2}_"
    r"|r8_|gsk_|xai-|dckr_pat_|dapi|lin_api_|nvapi-|pat-|hvs\.|AQ\.|LS0tLS1CRUdJTi[A-Za-z0-9+/]{60}|FwoGZXIvYXdz|IQoJb3JpZ2luX2Vj"
)
# The header of a JSON web token, and the beginning of its claims. Both are JSON in base64, and `eyJ` is `{"`.
_SIGNED_CLAIMS = r"eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{0,24})?"
_URL_WITH_USER = r"[A-Za-z][A-Za-z0-9+.-]*://(?=[^/@\s]*@)"
# The URLs of webhooks up to the secret part of the path: https://api.slack.com/messaging/webhooks and
# https://discord.com/developers/docs/resources/webhook.
_WEBHOOK = r"https://(?:hooks\.slack\.com/services/T\w+/B\w+/|discord(?:app)?\.com/api/webhooks/\d+/)"
# A URL up to the start of its path, query or fragment.
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]*[/?#]?(?:\?)?"
# The names that are recognized directly before `=`, as in `AWS_REGION=us-east-1`. Other texts before `=` may be a part of a password.
_SETTING = (
    r"[A-Z][A-Z0-9_]{0,40}|[a-z_.-]{0,40}(?:key|token|secret|password|region|host|user|username|url|name|id|type|port|profile|output)"
)
# The name of a setting, with the separator after it. Before `: ` and ` = `, every name is recognized, as in `region = us-east-1`.
NAMED = rf"(?:[\"']?(?:[A-Za-z_][A-Za-z0-9_.-]{{0,40}}[\"']?(?::\s|\s=\s)|(?:{_SETTING})=)\s*[\"']?)"
# The public beginning of a text: the name of a setting, the scheme of a header, and the public prefix of the value. Each one is optional.
_PREFIX = re.compile(
    rf"\s*(?:export\s+)?(?:{NAMED})?(?:(?:Bearer|Basic|[Tt]oken)\s+)?"
    rf"(?:{_PEM_HEADER}{_DER}|{_PEM_HEADER}|{_DER}|{_SERVICE_PREFIX}|{_SIGNED_CLAIMS}|eyJ[A-Za-z0-9+/_-]{{24}}|{_URL_WITH_USER}|{_WEBHOOK}|{_URL})?"
)
_PEM_FOOTER = re.compile(r"-----END [A-Z0-9 ]+-----")
# Characters at the end of a text that close quotes, or that are padding.
_CLOSING = "\"'=,;} \t\r\n"
# The user and password of a URL. The group is the @ before the host.
_USER_INFO = re.compile(r"://[^/?#\s]*(@)")
# The fields of connection strings and signed URLs that contain secrets.
_FIELD = re.compile(
    r"(?:(?<=[?&;])|\A)(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig|password|pwd|secret|token)=([^;&\s]+)", re.IGNORECASE
)
# A string of JSON, with its quotes.
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def sensitive_span(text: str) -> SensitiveSpan:
    """Return the span of the sensitive part of ``text``."""
    start, end = _bounds(text)
    # If there are too few sensitive characters to search for, the whole text counts as sensitive.
    return SensitiveSpan(start, end) if end - start >= SHORTEST_VALUE else SensitiveSpan(0, len(text))


def _bounds(text: str) -> tuple[int, int]:
    """Return the start and the end of the characters of ``text`` that are not public."""
    fields = list(_FIELD.finditer(text))
    if fields:
        return fields[0].start(1), fields[-1].end(1)
    leaves = secret_leaves(text)
    if leaves:
        return _bounds_of_json(text, set(leaves))
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    user_info = _USER_INFO.search(text)
    if user_info:
        return start, user_info.start(1)
    return start, _sensitive_end(text, start)


def _sensitive_end(text: str, start: int) -> int:
    """Return the end of the sensitive part, after which only the last line of a PEM key, padding or closing quotes follow."""
    stripped = text.rstrip()
    footer = stripped.rfind("-----END ")
    if footer >= start and _PEM_FOOTER.fullmatch(stripped, footer):
        stripped = stripped[:footer]
    return max(start, len(stripped.rstrip(_CLOSING)))


def _bounds_of_json(text: str, leaves: set[str]) -> tuple[int, int]:
    """Return the bounds of the sensitive part of a JSON text.

    It begins in the first secret string, after the public prefix of this string, and ends with the last secret string.
    """
    spans = [match.span() for match in _JSON_TEXT.finditer(text) if json.loads(match[0], strict=False) in leaves]
    if not spans:
        return 0, len(text)
    start, end = spans[0][0] + 1, spans[-1][1] - 1
    first_string = text[start : spans[0][1] - 1]
    return start + sensitive_span(first_string).start, end


# The keys of Google's credential files whose values are public.
_PUBLIC_IN_GOOGLE_FILE = frozenset(
    {"type", "project_id", "client_email", "client_id", "auth_uri", "token_uri", "universe_domain", "quota_project_id"}
)


def secret_leaves(text: str) -> list[str]:
    """Return the secret strings and the long numbers in a JSON text.

    The list is empty if ``text`` is not a JSON object or array.
    """
    if text.lstrip()[:1] not in {"{", "["}:
        return []
    try:
        document = json.loads(text, parse_int=_Number, parse_float=_Number)
    except (ValueError, RecursionError):
        return []
    leaves: list[str] = []
    _collect_leaves(document, leaves)
    return leaves


# The keys of JSON secrets whose values are public, such as those in the secret of an RDS database:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
_PUBLIC_KEYS = frozenset(
    """
    account_name apiversion application_name cluster comment conn_type created_at database db dbclusteridentifier dbinstanceidentifier
    dbname description dialect driver email endpoint engine exp expiration expires_at expires_in expiry format host hostname iat id_type
    issuer kind label login masterarn name nbf port project project_id region schema scheme server sslmode timestamp title token_type
    type updated_at user username version
    """.split()
)
_MIN_SECRET_DIGITS = 6
"""Minimum number of digits of a number that is treated as a secret."""


class _Number(str):
    """A number as it is written in JSON. The class distinguishes it from a string."""

    __slots__ = ()


def _collect_leaves(tree: Any, leaves: list[str]) -> None:
    """Append the secret strings and numbers in parsed JSON to ``leaves``."""
    if isinstance(tree, dict):
        is_google_file = tree.get("type") in {"service_account", "authorized_user", "external_account"}
        for key, subtree in tree.items():
            if is_google_file and (key in _PUBLIC_IN_GOOGLE_FILE or key.endswith("_url")):
                continue
            if key.lower() not in _PUBLIC_KEYS or isinstance(subtree, (dict, list)):
                _collect_leaves(subtree, leaves)
    elif isinstance(tree, list):
        for subtree in tree:
            _collect_leaves(subtree, leaves)
    elif isinstance(tree, _Number):
        if sum(character.isdigit() for character in tree) >= _MIN_SECRET_DIGITS and not is_public(tree):
            leaves.append(str(tree))
    elif isinstance(tree, str) and not is_public(tree):
        leaves.append(tree)


# The public lines of PEM files, headers, punctuation, and URLs without a user.
_PUBLIC = re.compile(
    r"\s*(?:-----(?:BEGIN|END) [A-Z0-9 ]+-----|[A-Z][A-Za-z-]+: [\w,.-]*|[{}\[\],:\"\s]*|https?://[^/@?#\s]+(?:/[\w./-]*)?)\s*"
)
_LONGEST_PUBLIC = 200
"""Maximum length of a text that is compared with ``_PUBLIC``."""
_CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
"""The first line of a PEM certificate in base64, as in a kubeconfig."""


def _is_certificate(text: str) -> bool:
    """Return whether ``text`` is the base64 of PEM certificates without a private key."""
    if not text.startswith(_CERTIFICATE):
        return False
    try:
        return b"PRIVATE KEY" not in base64.b64decode(text)
    except binascii.Error:
        return False


def is_public(text: str) -> bool:
    """Return whether ``text``, a line or a part of a value, reveals nothing by itself.

    A text is also public if the part after its public prefix can't be masked.
    """
    if unmaskable_reason(text) or (len(text) <= _LONGEST_PUBLIC and _PUBLIC.fullmatch(text)) or _is_certificate(text):
        return True
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    return bool(unmaskable_reason(text[start : _sensitive_end(text, start)]))
