"""Classification of the names of variables and fields: a secret, possibly a secret, or unknown."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern


class NameSensitivity(Enum):
    """The classification of a name, which decides which values are taken for secrets.

    Attributes:
        UNKNOWN: The value alone decides.
        POSSIBLE: A secret if the value is one that no person would make up.
        SECRET: A secret unless the value is a number, a path, a switch or a placeholder.
        PASSWORD: As SECRET, and numbers are secrets too.
    """

    UNKNOWN = 0
    POSSIBLE = 1
    SECRET = 2
    PASSWORD = 3


_WORDS = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PASSWORDS = frozenset(
    """
    PASSWORD PASSWORDS PASSWD PASSWRD PASSPHRASE PASSCODE PASSWDS PWD PW PASS PIN PINCODE OTP TOTP USERPWD MNEMONIC SSHPASS
    PASSKEY
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_SECRETS = frozenset(
    """
    SECRET SECRETS TOKEN APIKEY APITOKEN CREDENTIAL CREDENTIALS CREDS CRED BEARER SECRETKEY PSK
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_PERHAPS = frozenset(
    """
    KEY KEYS TOKENS AUTH AUTHORIZATION COOKIE COOKIES DSN SK AK SAS SIG SIGNATURE HMAC SALT PEPPER WEBHOOK WEBHOOKS LICENSE
    LICENCE APIKEYS FERNET PAT PATS JWT JWTS KUBECONFIG SEED
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_KEYS = frozenset(
    """
    API ACCESS SECRET PRIVATE ACCOUNT SHARED ENCRYPTION ENCRYPT SIGNING SIGN MASTER AUTH FERNET DEPLOY DEPLOYMENT SUBSCRIPTION
    LICENSE HMAC CRYPTO AES RSA JWT SSL TLS CIPHER PASS SERVICE INGESTION INGEST
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
"""What makes a KEY behind it one that opens something."""
_NO_KEYS = frozenset(
    """
    PRIMARY FOREIGN PARTITION PARTITIONING SORT CACHE OBJECT ROW GROUP JOIN RANGE IDEMPOTENCY PUBLIC PUB PUBLISHABLE SITE GPG
    PGP HOT INDEX UNIQUE COMPOSITE NATURAL SURROGATE FEATURE LOOKUP MESSAGE TRANSLATION MODIFIER META ARROW SHORTCUT MAP JSON
    DICT STATE SHARD SHARDING DEDUP RECORD BUCKET CLUSTER CLUSTERING DISTRIBUTION ORDER BUSINESS DATA ENTITY TARGET LABEL METRIC
    SORTING SEARCHABLE DELETE KEYBOARD
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_NO_TOKENS = frozenset(
    """
    MAX MIN NUM N PAD EOS BOS UNK SEP CLS MASK STOP SPECIAL TOTAL PROMPT COMPLETION INPUT OUTPUT CONTEXT THINKING REASONING
    START END PER
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_NO_PASSES = frozenset(
    """
    FIRST SECOND SINGLE TWO MULTI ONE NUM N BAND LOW HIGH RENDER TEST
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_NO_SECRETS = frozenset(
    # What the last word of a name says is meant: a property of the secret, or where it is.
    """
    FILE FILES PATH PATHS DIR DIRECTORY FOLDER HOME SOCK SOCKET NAME NAMES TYPE TYPES LENGTH LEN SIZE COUNT LIMIT LIMITS MAX MIN
    EXPIRES EXPIRY EXPIRATION EXPIRE EXPIRED TTL LIFETIME TIMEOUT AGE DURATION SECONDS SECS MINUTES HOURS DAYS INTERVAL DATE
    TIME AT URL URI URLS ENDPOINT HOST HOSTS PORT DOMAIN ISSUER AUDIENCE ALGORITHM ALG ALGO METHOD METHODS MODE POLICY FORMAT
    HEADER PREFIX SUFFIX FIELD FIELDS COLUMN COL PROVIDER PROVIDERS BACKEND BACKENDS MANAGER STORE STORAGE SERVICE SERVER
    ENABLED ENABLE DISABLED REQUIRED REQUIRE SECURE HTTPONLY SAMESITE VERSION ID IDS ARN ALIAS LABEL INDEX ENV VAR VARIABLE
    REGEX PATTERN RATE BUDGET USAGE PRICE COST LANGUAGE LAYOUT MAP MAPPING BINDING BINDINGS STROKE CLASS SCOPE SCOPES GRANT
    HASHER HASHERS ROTATION PARALLELISM CACHE LOCATION SOURCE COMMAND CMD HELPER PLUGIN DRIVER PROTECTION CHECK CHECKS
    VALIDATION VALIDATORS RESET STRATEGY SERVICENAME USER USERNAME EMAIL OWNER GROUP REGION ZONE KIND FINGERPRINT STATUS ROUNDS
    ITERATIONS CHAR CHARS CHARSET CHARACTERS PROJECT NAMESPACE VAULT BUCKET TABLE DEBUG RETRIES ATTEMPTS HINT QUESTION PUBLIC
    PARTITION WINDOW STRENGTH
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
_GLUED = LazyPattern(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|(?<!OLD)PWD|(?<!COM)(?<!BY)(?<!ASK)(?<!TRES)(?<!SUR)(?<!UNDER)(?<!OVER)(?<!EX)PASS)S?\Z"
    r"|(?P<secret>(?:SECRET|TOKEN|APIKEY|ACCESSKEY|SECRETKEY|PRIVATEKEY|ACCOUNTKEY|SIGNINGKEY|ENCRYPTIONKEY|CREDENTIALS)\Z)"
)
_WHOLE = {
    # Names that say nothing by their words, and what each is in the program's own documentation.
    "REDISCLI_AUTH": NameSensitivity.PASSWORD,
    "NEO4J_AUTH": NameSensitivity.SECRET,
    "BASIC_AUTH": NameSensitivity.SECRET,
    "BW_SESSION": NameSensitivity.SECRET,
    "VAULT_SECRET_ID": NameSensitivity.SECRET,
    "SSH_AUTH_SOCK": NameSensitivity.UNKNOWN,
    "XAUTHORITY": NameSensitivity.UNKNOWN,
    "KUBECONFIG": NameSensitivity.UNKNOWN,
    "SSH_ASKPASS": NameSensitivity.UNKNOWN,
    "GIT_ASKPASS": NameSensitivity.UNKNOWN,
    "SUDO_ASKPASS": NameSensitivity.UNKNOWN,
}
_ENDINGS = (
    ("_BASIC_AUTH", NameSensitivity.SECRET),
    ("_CONNECTION_STRING", NameSensitivity.POSSIBLE),
    ("_CONN_STR", NameSensitivity.POSSIBLE),
    ("_CONNECTIONSTRING", NameSensitivity.POSSIBLE),
    ("CONNECTION_STRING", NameSensitivity.POSSIBLE),
    ("SEED_PHRASE", NameSensitivity.PASSWORD),
    ("RECOVERY_PHRASE", NameSensitivity.PASSWORD),
    ("_SECRET_ID", NameSensitivity.POSSIBLE),
    *((f"{kind}_CODE{s}", NameSensitivity.POSSIBLE) for kind in ("ACCESS", "AUTH", "SECURITY", "RECOVERY", "BACKUP") for s in ("", "S")),
    ("_CLIENT_SECRET_JSON", NameSensitivity.SECRET),
)


@lru_cache(maxsize=1024)
def classify_name(name: str) -> NameSensitivity:
    """Return the classification of ``name``, written in capitals, camel case, or with underscores, hyphens or dots."""
    upper = name.upper().replace("-", "_").replace(".", "_")
    whole = _WHOLE.get(upper)
    if whole is not None:
        return whole
    for ending, verdict in _ENDINGS:
        if upper.endswith(ending):
            return verdict
    if upper.startswith("OP_SESSION_"):
        return NameSensitivity.SECRET
    return _of_words([word.upper() for word in _WORDS.findall(name)])


def _of_words(words: list[str]) -> NameSensitivity:
    if not words or _is_property(words[-1]):
        return NameSensitivity.UNKNOWN
    best = NameSensitivity.UNKNOWN
    for position, word in enumerate(words):
        before, is_last = words[:position], position == len(words) - 1
        verdict = _of_word(word, before)
        if not is_last and verdict is not NameSensitivity.UNKNOWN and not _QUALIFIERS.issuperset(words[position + 1 :]):
            # A name such as STRIPE_KEY_LIVE or PASSWORD_PROD; but also PASSWORD_POLICY and SECRETS_BACKEND_KWARGS.
            verdict = NameSensitivity.POSSIBLE
        if verdict.value > best.value:
            best = verdict
    return best


_QUALIFIERS = frozenset(
    """
    PROD PRODUCTION STAGING STAGE DEV TEST QA UAT OLD NEW CURRENT PREVIOUS NEXT BACKUP RO RW READ WRITE READONLY MAIN PRIMARY SECONDARY
    REPLICA LIVE DEFAULT ADMIN ROOT LOCAL EU US
    """.split()  # noqa: SIM905 - one word a line would be a hundred lines
)
"""Words behind a name that say which of several secrets it is."""
_PUBLIC = frozenset({"PUBLIC", "PUB", "PUBLISHABLE", "SITE"})


def _is_property(word: str) -> bool:
    return word in _NO_SECRETS or (word.endswith("S") and word[:-1] in _NO_SECRETS)


def _of_word(word: str, before: list[str]) -> NameSensitivity:
    verdict = NameSensitivity.UNKNOWN
    if word in _PASSWORDS:
        verdict = NameSensitivity.UNKNOWN if word == "PASS" and before and before[-1] in _NO_PASSES else NameSensitivity.PASSWORD
    elif word in {"TOKEN", "TOKENS"} and _NO_TOKENS.intersection(before):
        pass
    elif word in _SECRETS:
        verdict = NameSensitivity.SECRET
    elif word in {"KEY", "KEYS"}:
        verdict = _of_key(before)
    elif word in _PERHAPS:
        verdict = NameSensitivity.POSSIBLE
    elif len(word) > 4:  # noqa: PLR2004 - shorter words are in the lists
        verdict = _of_glued(word)
    return verdict


def _of_key(before: list[str]) -> NameSensitivity:
    if before and before[-1] in _KEYS and not _PUBLIC.intersection(before):
        return NameSensitivity.SECRET
    return NameSensitivity.UNKNOWN if _NO_KEYS.intersection(before) else NameSensitivity.POSSIBLE


def _of_glued(word: str) -> NameSensitivity:
    """Return the classification of several words without a separator, such as PGPASSWORD."""
    glued = _GLUED.search(word)
    if glued is None:
        is_key = word.endswith("KEY") and word[:-3] not in _NO_KEYS
        return NameSensitivity.POSSIBLE if is_key else NameSensitivity.UNKNOWN
    return NameSensitivity.SECRET if glued["secret"] else NameSensitivity.PASSWORD
