"""The ``sql`` backend: encrypted tables on a database server, with earlier versions, for a team.

Needs a driver for the server: the extra ``sql`` brings PostgreSQL's, which is what is tested. The server sees names, schemas and times, and
never a value; who has the passphrase, or whatever else protects the key, reads them all. What another user writes is seen after the time to
live, or at once when it is asked for anew.
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
"""Version of the tables; a store with a higher one is left alone."""


class SqlOptions(ScopedOptions):
    """Options of the ``sql`` backend."""

    url: str = SecretField()
    """``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``; all of it is sealed."""
    database_schema: str = Field(default="zensecrets", min_length=1, max_length=63)
    """The schema of the database that holds the tables; it is made if it is not there."""
    protection: Literal["passphrase", "keyring", "keyfile"] = "passphrase"
    """What protects the key of new tables. Only a passphrase, or a folder that all can read, is something that a team can share."""
    key_folder: Path | None = None
    """Where the key file is, with protection ``keyfile``; by default this user's own folder."""
    versions_kept: int = Field(default=10, ge=1)
    """How many versions of each secret are kept, the current one included."""
    timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds that connecting may take."""

    @field_validator("url")
    @classmethod
    def _be_of_a_server(cls, url: str) -> str:
        problem = "no URL of a database server, as in postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        try:
            parse_server_url(url)
        except AmbiguousUrlError:
            problem = "more than one @: percent-encode those of the user's name and the password"
        except ValueError:
            pass
        else:
            return url
        raise PydanticCustomError(problem, "malformed")

    @field_validator("key_folder")
    @classmethod
    def _make_absolute(cls, folder: Path | None) -> Path | None:
        return folder and absolute_path(folder)


class SqlBackend(SealedBackend):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`; one key seals the secrets of all managers in a schema."""

    FLAVOR: ClassVar[str] = "sql"
    options_model: ClassVar[type[ManagerOptions]] = SqlOptions
    parallel_reads: ClassVar[int] = 8
    batch_size: int = 500

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        chosen = SqlOptions.model_validate(self.options.model_dump())
        self._owner = {
            Scope.NONE: "none",
            Scope.GLOBAL: "global",
            Scope.COMPONENT: self.id,
            Scope.NAMESPACE: f"namespace/{chosen.namespace}",
        }[chosen.scope]
        self._server = SqlServer(chosen.url, TABLES, kind="secrets", version=FORMAT, schema=chosen.database_schema, timeout=chosen.timeout)
        self._database = self._server
        self._keys = DataKeys(
            self._server,
            DATA_KEYS,
            label=f"secrets manager {self.name!r}",
            in_use=holds_secrets,
            ask=self.context.ask_passphrase,
            key_folder=chosen.key_folder,
            protection=chosen.protection,
        )
        self._versions_kept = chosen.versions_kept

    @classmethod
    def availability(cls) -> Availability:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.availability`; it looks for PostgreSQL's driver."""
        if is_installed("psycopg"):
            return Availability(ok=True)
        return Availability(ok=False, reason=f"needs psycopg, or another server's driver: {install_command(cls.FLAVOR)}")

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        return {"kept in": self._server.location, "shared as": self._owner, **super().describe()}
