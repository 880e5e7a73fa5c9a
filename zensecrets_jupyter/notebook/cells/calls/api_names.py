"""Names and patterns that decide whether a text in a call is a secret value."""

from __future__ import annotations

import difflib
import re
import sys
from functools import cache
from types import ModuleType
from typing import Any

VALUE_METHODS = frozenset({
    "create_secret", "from_content", "merge_secret", "model_copy", "model_validate", "model_validate_json", "register_secret",
    "update_secret",
})  # fmt: skip
"""Methods whose arguments contain secret values."""

SCHEMAS = frozenset({
    "AWSSecretSchema", "ArbitrarySecretSchema", "AzureSecretSchema", "BaseSecretSchema", "BasicAuthSecretSchema", "GCPSecretSchema",
    "HuggingFaceSecretSchema", "KServeAzureSecretSchema", "KServeGSSecretSchema", "KServeS3SecretSchema", "LabelStudioSecretSchema",
    "MySQLSecretSchema", "OpenAISecretSchema", "PostgreSQLSecretSchema", "SeldonAzureSecretSchema", "SeldonGSSecretSchema",
    "SeldonS3SecretSchema", "SlackSecretSchema", "WhylabsSecretSchema",
})  # fmt: skip
"""Schema classes, whose arguments contain secret values."""

NAVIGATION = frozenset({
    "Client", "active_stack", "arbitrary_kv_pairs", "components", "get_stack", "get_stack_component", "get_secret", "open_component",
    "open_manager", "secrets_manager", "stack", "workspace",
})  # fmt: skip
"""API attributes and methods whose result is another API object, and which take no secret values."""

PASS_THROUGH = frozenset({
    "OrderedDict", "SecretStr", "b64decode", "b64encode", "bytes", "dict", "dumps", "loads", "quote", "str", "urlsafe_b64encode",
})  # fmt: skip
"""Functions whose result contains their arguments, possibly encoded."""

SECRET_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")
"""Pattern of a text that looks like the name of a secret, and not like a value."""

SIMILAR = 0.75
"""Minimum similarity, a :mod:`difflib` ratio, between a misspelled attribute of an API object and the right name."""
VERY_SIMILAR = 0.85
"""Minimum similarity of a misspelled name whose object is unknown. It is higher, because the name may belong to other code."""

_API_MODULES = tuple(f"zensecrets_jupyter.core.{part}" for part in ("client", "managers", "schemas", "stack", "workspace"))
"""The modules of the classes that take secret values.

Steps and pipelines are excluded, because their arguments go to the user's own code.
"""

_KEY_WORDS = frozenset({
    "access", "account", "api", "auth", "aws", "azure", "basic", "client", "connection", "credential", "credentials", "database", "db",
    "email", "host", "id", "key", "keys", "login", "name", "pass", "passphrase", "passwd", "password", "port", "private", "pwd", "secret",
    "secrets", "shared", "string", "token", "url", "user", "username", "value", "values",
})  # fmt: skip
"""The words that common keys consist of."""
_WORD_SEPARATOR = re.compile(r"[\s_.-]+")
_TEMPLATE = re.compile(r"(?:\{[^{}]*\}|%[-+\d.]*[a-z]|[\s:/@,;.()\[\]\"'=])*")
"""A template that contains only placeholders of ``str.format`` or ``%``, spaces and punctuation."""


def is_similar(name: str, names: frozenset[str], ratio: float = SIMILAR) -> bool:
    """Return whether a name is in ``names`` or is similar to one of them."""
    return name in names or bool(difflib.get_close_matches(name, names, n=1, cutoff=ratio))


def may_be_value(text: str) -> bool:
    """Return whether a text may be a secret value.

    Common keys, such as ``password: ``, and templates without other text, such as ``{}:%s``, are no values.
    """
    stripped = text.strip()
    if _TEMPLATE.fullmatch(stripped):
        return False
    return not _KEY_WORDS.issuperset(_WORD_SEPARATOR.split(stripped.rstrip(": ").lower()))


def is_api_object(candidate: Any) -> bool:
    """Return whether an object, class or module belongs to the API.

    Every module of this package belongs to it, but an object or a class only if it takes secret values.
    """
    if isinstance(candidate, ModuleType):
        return candidate.__name__.partition(".")[0] == "zensecrets_jupyter"
    cls = candidate if isinstance(candidate, type) else type(candidate)
    return any(str(base.__module__).startswith(_API_MODULES) for base in cls.__mro__)


def schema_class(name: str) -> Any:
    """Return the schema class with a possibly misspelled name.

    The result is ``None`` if no schema has a similar name.
    """
    if name not in SCHEMAS:
        nearest_names = difflib.get_close_matches(name, SCHEMAS, n=1, cutoff=VERY_SIMILAR)
        if not nearest_names:
            return None
        name = nearest_names[0]
    package = _root_package()
    return getattr(package, name, None) if name in package.__all__ else None


@cache
def value_free_names() -> frozenset[str]:
    """Return the public names of the API, except methods and schemas that take secret values.

    The names are read from the classes of the API that this process has loaded.
    """
    names: list[str] = []
    for module, class_name in (
        ("client", "Client"),
        ("managers.interface", "SecretsManager"),
        ("workspace", "Workspace"),
        ("stack", "Stack"),
        ("schemas", "ArbitrarySecretSchema"),
    ):
        # For a module that is not loaded, this adds the names of None, which all begin with an underscore and are dropped below.
        names += dir(getattr(sys.modules.get(f"zensecrets_jupyter.core.{module}"), class_name, None))
    names += _root_package().__all__
    return frozenset(name for name in names if not name.startswith("_")) - VALUE_METHODS - SCHEMAS


def _root_package() -> ModuleType:
    # The root package loads the notebook extension, so an import statement here would be a cycle.
    return sys.modules["zensecrets_jupyter"]
