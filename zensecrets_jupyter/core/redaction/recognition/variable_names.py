"""Classification of the names of variables and fields by the sensitivity of their values."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern


class NameSensitivity(Enum):
    """The sensitivity of a name: which values with this name are treated as secrets.

    Attributes:
        UNKNOWN: The name does not show that a value is a secret.
        POSSIBLE: A value is a secret if it looks random.
        SECRET: A value is a secret unless it is a number, a path, a switch or a placeholder.
        PASSWORD: A value is a secret unless it is a path, a switch or a placeholder.
    """

    UNKNOWN = 0
    POSSIBLE = 1
    SECRET = 2
    PASSWORD = 3


# The words of a name, split at separators and at changes of case.
_WORDS = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# The words that give a name the sensitivity PASSWORD, SECRET or POSSIBLE.
_PASSWORDS = frozenset(
    """
    PASSWORD PASSWORDS PASSWD PASSWRD PASSPHRASE PASSCODE PASSWDS PWD PW PASS PIN PINCODE OTP TOTP USERPWD MNEMONIC SSHPASS
    PASSKEY
    """.split()
)
_SECRETS = frozenset(
    """
    SECRET SECRETS TOKEN APIKEY APITOKEN CREDENTIAL CREDENTIALS CREDS CRED BEARER SECRETKEY PSK
    """.split()
)
_POSSIBLE = frozenset(
    """
    KEY KEYS TOKENS AUTH AUTHORIZATION COOKIE COOKIES DSN SK AK SAS SIG SIGNATURE HMAC SALT PEPPER WEBHOOK WEBHOOKS LICENSE
    LICENCE APIKEYS FERNET PAT PATS JWT JWTS KUBECONFIG SEED
    """.split()
)
_WORDS_BEFORE_SECRET_KEY = frozenset(
    """
    API ACCESS SECRET PRIVATE ACCOUNT SHARED ENCRYPTION ENCRYPT SIGNING SIGN MASTER AUTH FERNET DEPLOY DEPLOYMENT SUBSCRIPTION
    LICENSE HMAC CRYPTO AES RSA JWT SSL TLS CIPHER PASS SERVICE INGESTION INGEST
    """.split()
)
"""Words that, directly before KEY, mean that the value is a secret."""
# Words that, before KEY, TOKEN or PASS, mean that the value is not a secret, such as in PRIMARY_KEY, MAX_TOKENS and FIRST_PASS.
_WORDS_BEFORE_OTHER_KEY = frozenset(
    """
    PRIMARY FOREIGN PARTITION PARTITIONING SORT CACHE OBJECT ROW GROUP JOIN RANGE IDEMPOTENCY PUBLIC PUB PUBLISHABLE SITE GPG
    PGP HOT INDEX UNIQUE COMPOSITE NATURAL SURROGATE FEATURE LOOKUP MESSAGE TRANSLATION MODIFIER META ARROW SHORTCUT MAP JSON
    DICT STATE SHARD SHARDING DEDUP RECORD BUCKET CLUSTER CLUSTERING DISTRIBUTION ORDER BUSINESS DATA ENTITY TARGET LABEL METRIC
    SORTING SEARCHABLE DELETE KEYBOARD
    """.split()
)
_WORDS_BEFORE_OTHER_TOKEN = frozenset(
    """
    MAX MIN NUM N PAD EOS BOS UNK SEP CLS MASK STOP SPECIAL TOTAL PROMPT COMPLETION INPUT OUTPUT CONTEXT THINKING REASONING
    START END PER
    """.split()
)
_WORDS_BEFORE_OTHER_PASS = frozenset(
    """
    FIRST SECOND SINGLE TWO MULTI ONE NUM N BAND LOW HIGH RENDER TEST
    """.split()
)
_PROPERTIES = frozenset(
    # If such a word is the last one of a name, the value is a property or the location of a secret.
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
    """.split()
)
# The sensitive end of a word that consists of several words, such as PGPASSWORD. Words such as OLDPWD, COMPASS and BYPASS do not match.
_JOINED = LazyPattern(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|(?<!OLD)PWD|(?<!COM)(?<!BY)(?<!ASK)(?<!TRES)(?<!SUR)(?<!UNDER)(?<!OVER)(?<!EX)PASS)S?\Z"
    r"|(?P<secret>(?:SECRET|TOKEN|APIKEY|ACCESSKEY|SECRETKEY|PRIVATEKEY|ACCOUNTKEY|SIGNINGKEY|ENCRYPTIONKEY|CREDENTIALS)\Z)"
)
_WHOLE_NAMES = {
    # Names whose words are misleading, with their sensitivity according to the documentation of the program.
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
# The sensitivity of names with these endings.
_ENDINGS = (
    ("_BASIC_AUTH", NameSensitivity.SECRET),
    ("_CONNECTION_STRING", NameSensitivity.POSSIBLE),
    ("_CONN_STR", NameSensitivity.POSSIBLE),
    ("_CONNECTIONSTRING", NameSensitivity.POSSIBLE),
    ("CONNECTION_STRING", NameSensitivity.POSSIBLE),
    ("SEED_PHRASE", NameSensitivity.PASSWORD),
    ("RECOVERY_PHRASE", NameSensitivity.PASSWORD),
    ("_SECRET_ID", NameSensitivity.POSSIBLE),
    *((f"{word}_CODE", NameSensitivity.POSSIBLE) for word in ("ACCESS", "AUTH", "SECURITY", "RECOVERY", "BACKUP")),
    *((f"{word}_CODES", NameSensitivity.POSSIBLE) for word in ("ACCESS", "AUTH", "SECURITY", "RECOVERY", "BACKUP")),
    ("_CLIENT_SECRET_JSON", NameSensitivity.SECRET),
)


@lru_cache(maxsize=1024)
def classify_name(name: str) -> NameSensitivity:
    """Return the sensitivity of ``name``.

    The name may be in capitals, in camel case, or with underscores, hyphens or dots.
    """
    upper = name.upper().replace("-", "_").replace(".", "_")
    listed_sensitivity = _WHOLE_NAMES.get(upper)
    if listed_sensitivity is not None:
        return listed_sensitivity
    for ending, sensitivity in _ENDINGS:
        if upper.endswith(ending):
            return sensitivity
    # The session tokens of 1Password's command line.
    if upper.startswith("OP_SESSION_"):
        return NameSensitivity.SECRET
    return _classify_words([word.upper() for word in _WORDS.findall(name)])


def _classify_words(words: list[str]) -> NameSensitivity:
    """Return the highest sensitivity of the words of a name.

    A name whose last word is a property, such as ``TOKEN_FILE``, has none.
    """
    if not words or _is_property(words[-1]):
        return NameSensitivity.UNKNOWN
    highest = NameSensitivity.UNKNOWN
    for position, word in enumerate(words):
        earlier_words, is_last = words[:position], position == len(words) - 1
        sensitivity = _classify_word(word, earlier_words)
        if not is_last and sensitivity is not NameSensitivity.UNKNOWN and not _QUALIFIERS.issuperset(words[position + 1 :]):
            # A word before other words than qualifiers is only possibly a secret: SECRETS_BACKEND_KWARGS, but not PASSWORD_PROD.
            sensitivity = NameSensitivity.POSSIBLE
        if sensitivity.value > highest.value:
            highest = sensitivity
    return highest


_QUALIFIERS = frozenset(
    """
    PROD PRODUCTION STAGING STAGE DEV TEST QA UAT OLD NEW CURRENT PREVIOUS NEXT BACKUP RO RW READ WRITE READONLY MAIN PRIMARY SECONDARY
    REPLICA LIVE DEFAULT ADMIN ROOT LOCAL EU US
    """.split()
)
"""Words at the end of a name that distinguish several secrets."""
_LONGEST_SHORT_WORD = 4
"""Maximum length of a word that is not split into several words."""
# Words anywhere before KEY that mean that the key is public, such as in STRIPE_PUBLISHABLE_API_KEY.
_PUBLIC = frozenset({"PUBLIC", "PUB", "PUBLISHABLE", "SITE"})


def _is_property(word: str) -> bool:
    """Return whether ``word``, the last word of a name, shows that the value is no secret.

    Such a value is a property of a secret, or its location.
    """
    return word in _PROPERTIES or (word.endswith("S") and word[:-1] in _PROPERTIES)


def _classify_word(word: str, earlier_words: list[str]) -> NameSensitivity:
    """Return the sensitivity of one word of a name, given the words before it."""
    sensitivity = NameSensitivity.UNKNOWN
    if word in _PASSWORDS:
        is_other_pass = word == "PASS" and bool(earlier_words) and earlier_words[-1] in _WORDS_BEFORE_OTHER_PASS
        sensitivity = NameSensitivity.UNKNOWN if is_other_pass else NameSensitivity.PASSWORD
    elif word in {"TOKEN", "TOKENS"} and _WORDS_BEFORE_OTHER_TOKEN.intersection(earlier_words):
        pass
    elif word in _SECRETS:
        sensitivity = NameSensitivity.SECRET
    elif word in {"KEY", "KEYS"}:
        sensitivity = _classify_key(earlier_words)
    elif word in _POSSIBLE:
        sensitivity = NameSensitivity.POSSIBLE
    elif len(word) > _LONGEST_SHORT_WORD:
        sensitivity = _classify_joined(word)
    return sensitivity


def _classify_key(earlier_words: list[str]) -> NameSensitivity:
    """Return the sensitivity of the word KEY, given the words before it."""
    if earlier_words and earlier_words[-1] in _WORDS_BEFORE_SECRET_KEY and not _PUBLIC.intersection(earlier_words):
        return NameSensitivity.SECRET
    return NameSensitivity.UNKNOWN if _WORDS_BEFORE_OTHER_KEY.intersection(earlier_words) else NameSensitivity.POSSIBLE


def _classify_joined(word: str) -> NameSensitivity:
    """Return the sensitivity of a long word, which may be joined words such as PGPASSWORD."""
    joined = _JOINED.search(word)
    if joined is None:
        is_key = word.endswith("KEY") and word[:-3] not in _WORDS_BEFORE_OTHER_KEY
        return NameSensitivity.POSSIBLE if is_key else NameSensitivity.UNKNOWN
    return NameSensitivity.SECRET if joined["secret"] else NameSensitivity.PASSWORD
