"""Schema of secrets of other programs: any keys, and clear text for the values of harmless keys."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.redaction.recognition.credential_fragments import fragments_of_leaf
from zensecrets_jupyter.core.redaction.recognition.variable_names import NameSensitivity, classify_name
from zensecrets_jupyter.core.schemas.arbitrary import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

_HARMLESS_LOGIN_KEYS = frozenset(
    # The keys of https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html and similar names.
    """
    username user login engine dialect driver host hostname server address endpoint port dbname db database databasename schema
    dbinstanceidentifier dbclusteridentifier dbclusterarn dbinstancearn masterarn replicaurl readerendpoint readonlyhost
    ssl sslmode tls role account warehouse region awsregion namespacename workgroupname clusteridentifier
    tenant tenantid subscriptionid projectid project accountname containername bucket email mail type service protocol timeout
    """.split()  # noqa: SIM905 - as a list, these words would fill a page
)
"""Keys of a log-in whose values grant no access, in lower case without underscores and hyphens."""
_GOOGLE_FILE_TYPES = frozenset({"service_account", "authorized_user", "external_account", "impersonated_service_account"})
"""Values of the key ``type`` in Google credential files."""
_SECRET_GOOGLE_KEYS = frozenset({"private_key", "private_key_id", "client_secret", "refresh_token"})
"""Keys of a Google credential file whose values grant access."""


class ExternalSecretSchema(ArbitrarySecretSchema):
    """A secret of another program; :func:`external_schema` creates a subclass for each set of clear keys."""

    CLEAR_KEYS: ClassVar[frozenset[str]] = frozenset()
    """The keys whose values are shown in clear text."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Skip the registration: the type is ``arbitrary``, as for each secret without its own schema."""

    @classmethod
    def is_sensitive(cls, key: str) -> bool:
        """Return whether the value of ``key`` is masked."""
        return key not in cls.CLEAR_KEYS


@cache
def external_schema(clear_keys: frozenset[str]) -> type[ExternalSecretSchema]:
    """Return the schema that shows the values of ``clear_keys`` and masks all other values."""
    return type("ExternalSecretSchema", (ExternalSecretSchema,), {"CLEAR_KEYS": clear_keys, "__module__": __name__})


def clear_keys_of(content: Mapping[str, str]) -> frozenset[str]:
    """Return the harmless keys in the content of another program's secret.

    The result is empty unless the content is a log-in or a Google credential file. A log-in, for example to a database, is content with a
    key that is named like a password, an API key or a token. A key is never harmless if its value contains a credential, such as a URL
    with a password.
    """
    if content.get("type") in _GOOGLE_FILE_TYPES:
        harmless = {key for key in content if key not in _SECRET_GOOGLE_KEYS}
    elif any(classify_name(key).value >= NameSensitivity.SECRET.value for key in content):
        harmless = {key for key in content if key.replace("_", "").replace("-", "").lower() in _HARMLESS_LOGIN_KEYS}
    else:
        harmless = set()
    # fragments_of_leaf returns the credentials inside a value.
    return frozenset(key for key in harmless if not fragments_of_leaf(key, content[key]))
