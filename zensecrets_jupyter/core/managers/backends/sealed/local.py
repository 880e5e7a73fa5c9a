"""The ``local`` backend, the default: an encrypted SQLite file on this machine, with earlier versions of secrets.

Several processes of one machine may use a file at the same time. A file on a network drive must not be used by several machines at the
same time, because SQLite's write-ahead log uses shared memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from zensecrets_jupyter.core.managers.backends.sealed.backend import SealedBackend, holds_secrets
from zensecrets_jupyter.core.managers.backends.sealed.tables import DATA_KEYS, TABLES
from zensecrets_jupyter.core.managers.backends.sealed.zenml_file import read_secrets_file
from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions
from zensecrets_jupyter.core.sealing.data_keys import DataKeys
from zensecrets_jupyter.core.sealing.databases.sqlite import SqliteFile
from zensecrets_jupyter.core.settings import absolute_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

FORMAT = 1
"""Version of the tables. A store with a higher version is neither read nor changed."""


class LocalOptions(ManagerOptions):
    """Options of the ``local`` backend."""

    REGISTRATION_ONLY: ClassVar[frozenset[str]] = frozenset({"secrets_file"})

    path: Path | None = None
    """The SQLite file. The default is ``secrets.db`` in the folder of the manager. A relative path is made absolute at registration."""
    versions_kept: int = Field(default=10, ge=1)
    """Number of versions that are kept of each secret, including the current one."""
    secrets_file: Path | None = Field(default=None)
    """A file of ZenML's local secrets manager. Its secrets are imported once, at registration."""
    scope: Literal["none", "component"] = "none"
    """ZenML's option of this name. It has no effect, because each manager sees only its own secrets."""
    namespace: str | None = Field(default=None, max_length=100)
    """ZenML's option of this name. It has no effect, neither in ZenML nor in this package."""

    @field_validator("path")
    @classmethod
    def _make_absolute(cls, path: Path | None) -> Path | None:
        return path and absolute_path(path)


class LocalBackend(SealedBackend):
    """The backend with an encrypted SQLite file.

    Several managers may share a file. Each manager sees only its own secrets. One data key encrypts all secrets in the file.
    """

    FLAVOR: ClassVar[str] = "local"
    options_model: ClassVar[type[ManagerOptions]] = LocalOptions
    is_local: ClassVar[bool] = True
    parallel_reads: ClassVar[int] = 1

    @classmethod
    def initial_secrets(cls, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[BaseSecretSchema]]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.initial_secrets`. The secrets are those of ``secrets_file``.

        Raises:
            UnreadableFileError: If the file is not a readable secrets file of ZenML.
        """
        file = attributes.get("secrets_file")
        options = {name: value for name, value in attributes.items() if name not in LocalOptions.REGISTRATION_ONLY}
        return options, read_secrets_file(str(file)) if file else []

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        local_options = LocalOptions.model_validate(self.options.model_dump())
        path = local_options.path or self.context.folder / "secrets.db"
        # Both attributes are the same object. ``_database`` has the general type that all sealed backends use.
        # The folder of a file at ``path`` is the user's own choice, so it may be writable for other users.
        self._file = self._database = SqliteFile(path, TABLES, kind="secrets", version=FORMAT, is_folder_private=local_options.path is None)
        self._keys = DataKeys(
            self._file, DATA_KEYS, label=f"secrets manager {self.name!r}", has_sealed_rows=holds_secrets, ask=self.context.ask_passphrase
        )
        # The value of the column ``manager``: in a shared file, each manager finds its rows by its own ID.
        self._owner = self.id
        self._versions_kept = local_options.versions_kept

    @property
    def path(self) -> Path:
        """The path of the file, which may not exist yet."""
        return self._file.path

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        return {"kept in": str(self.path), **super().describe()}

    def change_token(self) -> object:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.ChangeTracking.change_token`."""
        return self._file.change_token()
