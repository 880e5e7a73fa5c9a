"""The ``sql`` backend: encrypted tables on a database server, shared by a team.

The tables also contain earlier versions of secrets. The backend needs a driver for the server. The extra ``sql`` installs the driver for
PostgreSQL. Other servers are not tested. Names, schemas and times are stored unencrypted. Keys and values are stored encrypted. A user who
can decrypt the data key, for example with the passphrase, can read all secrets. Writes of other users become visible after the cache's time
to live, or at once with ``refresh``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.naming import Scope, ScopedOptions
from zensecrets_jupyter.core.managers.backends.sealed.backend import SealedBackend, holds_secrets
from zensecrets_jupyter.core.managers.backends.sealed.tables import DATA_KEYS, TABLES
from zensecrets_jupyter.core.managers.registry import Availability, install_command, is_installed
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.databases.sql_server import AmbiguousUrlError, SqlServer, parse_server_url
from zensecrets_jupyter.core.settings import absolute_path

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

FORMAT = 1
"""Version of the tables. A store with a higher version is neither read nor changed."""


class SqlOptions(ScopedOptions):
    """Options of the ``sql`` backend."""

    url: str = SecretField()
    """The URL ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``, which is stored encrypted."""
    database_schema: str = Field(default="zensecrets", min_length=1, max_length=63)
    """The database schema of the tables. It is created if it does not exist."""
    protection: Literal["passphrase", "keyring", "keyfile"] = "passphrase"
    """The protection of the data key, for new tables. A team can share only a passphrase, or a key file in a shared folder."""
    key_folder: Path | None = None
    """The folder of the key file, for protection ``keyfile``. The default is a folder of this user."""
    versions_kept: int = Field(default=10, ge=1)
    """Number of versions that are kept of each secret, including the current one."""
    timeout: float = Field(default=10.0, gt=0, le=600)
    """Maximum number of seconds to connect."""

    @field_validator("url")
    @classmethod
    def _require_server_url(cls, url: str) -> str:
        problem = "not the URL of a database server, such as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        try:
            parse_server_url(url)
        except AmbiguousUrlError:
            problem = "more than one @: percent-encode each @ of the user name and the password"
        except ValueError:
            pass
        else:
            return url
        # The first argument is the type of the error. Errors for users show the type, because a message may quote the value.
        raise PydanticCustomError(problem, "malformed")

    @field_validator("key_folder")
    @classmethod
    def _make_absolute(cls, folder: Path | None) -> Path | None:
        return folder and absolute_path(folder)


class SqlBackend(SealedBackend):
    """The backend with encrypted tables on a database server. One data key encrypts the secrets of all managers in a database schema."""

    FLAVOR: ClassVar[str] = "sql"
    options_model: ClassVar[type[ManagerOptions]] = SqlOptions
    parallel_reads: ClassVar[int] = 8
    batch_size: int = 500
    """Maximum number of secrets that one statement reads."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        sql_options = SqlOptions.model_validate(self.options.model_dump())
        # The value of the column ``manager``. Managers with the same value share their secrets.
        self._owner = {
            Scope.NONE: "none",
            Scope.GLOBAL: "global",
            Scope.COMPONENT: self.id,
            Scope.NAMESPACE: f"namespace/{sql_options.namespace}",
        }[sql_options.scope]
        self._server = SqlServer(
            sql_options.url, TABLES, kind="secrets", version=FORMAT, schema=sql_options.database_schema, timeout=sql_options.timeout
        )
        # ``_database`` has the type that all sealed backends use.
        self._database = self._server
        self._keys = DataKeys(
            self._server,
            DATA_KEYS,
            label=f"secrets manager {self.name!r}",
            has_sealed_rows=holds_secrets,
            ask=self.context.ask_passphrase,
            key_folder=sql_options.key_folder,
            protection=sql_options.protection,
        )
        self._versions_kept = sql_options.versions_kept

    @classmethod
    def availability(cls) -> Availability:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.availability`. Only PostgreSQL's driver is checked."""
        if is_installed("psycopg"):
            return Availability(ok=True)
        return Availability(ok=False, reason=f"needs psycopg, or another server's driver: {install_command(cls.FLAVOR)}")

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        return {"kept in": self._server.location, "shared as": self._owner, **super().describe()}
