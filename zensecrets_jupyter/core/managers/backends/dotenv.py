"""The read-only ``dotenv`` backend: an ``.env`` file. A reference to another variable, such as ``${OTHER}``, stays as text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import field_validator

from zensecrets_jupyter.core.errors import ManagerCorruptedError, ManagerError
from zensecrets_jupyter.core.managers.backends.variables import VariablesBackend, VariablesOptions
from zensecrets_jupyter.core.sealing.file_access import translate_os_error
from zensecrets_jupyter.core.settings import absolute_path
from zensecrets_jupyter.core.system.input_limits import MAX_FILE_BYTES, MAX_VALUES, TOO_MANY_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.managers.records import ManagerOptions


class DotenvOptions(VariablesOptions):
    """Options of the ``dotenv`` backend."""

    path: Path = Path(".env")
    """The file. A relative path is made absolute at registration."""

    @field_validator("path")
    @classmethod
    def _make_absolute(cls, path: Path) -> Path:
        return absolute_path(path)


class DotenvBackend(VariablesBackend):
    """The backend that reads an ``.env`` file."""

    FLAVOR: ClassVar[str] = "dotenv"
    options_model: ClassVar[type[ManagerOptions]] = DotenvOptions

    @property
    def path(self) -> Path:
        """Path of the file."""
        return cast("DotenvOptions", self.options).path

    def variables(self) -> Mapping[str, str]:
        """See :meth:`VariablesBackend.variables`."""
        from dotenv.parser import parse_stream

        variables: dict[str, str] = {}
        for binding in parse_stream(io.StringIO(self._read_text())):
            if binding.error:
                # The message has only the number of the line, because the text of the line may contain a value.
                message = f"{self.path} can't be read as .env (line {binding.original.line})."
                raise ManagerCorruptedError(message, flavor=self.FLAVOR, hint="Write the line as KEY=VALUE.")
            # A comment, an empty line and a name without "=" have no value.
            if binding.key is not None and binding.value is not None:
                variables[binding.key] = binding.value
            if len(variables) > MAX_VALUES:
                raise ManagerCorruptedError(f"{self.path} {TOO_MANY_VALUES}.", flavor=self.FLAVOR, hint="Split the file.")
        return variables

    def _read_text(self) -> str:
        """Return the text of the file.

        Raises:
            ManagerError: If the file is missing, unreadable, too large or not in UTF-8.
        """
        problem: ManagerError
        try:
            with self.path.open("rb") as file:
                # The additional byte shows that the file is too large.
                data = file.read(MAX_FILE_BYTES + 1)
            text = data.decode("utf-8-sig")
        except OSError as error:
            problem = translate_os_error(error, self.path)
        except UnicodeDecodeError:
            problem = ManagerCorruptedError(f"{self.path} is not text in UTF-8.", flavor=self.FLAVOR, hint="Save it as UTF-8.")
        else:
            if len(data) <= MAX_FILE_BYTES:
                return text
            message = f"{self.path} is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB."
            problem = ManagerCorruptedError(message, flavor=self.FLAVOR, hint="Split the file, or check the path.")
        # The error is raised outside the handlers, because a chained UnicodeDecodeError would contain the file, and so its values.
        raise problem

    def location(self) -> str:
        """See :meth:`VariablesBackend.location`."""
        return str(self.path)

    def change_token(self) -> object:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.ChangeTracking.change_token`."""
        try:
            status = self.path.stat()
        except OSError:
            return "missing"
        return status.st_ino, status.st_mtime_ns, status.st_size
