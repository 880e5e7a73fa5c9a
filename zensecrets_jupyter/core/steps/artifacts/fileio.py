"""Files by path or URL, with the functions that ZenML's ``fileio`` and artifact stores have: for materializers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem


class FileIO:
    """Opens, lists, copies and removes files on one file system, or on the one that a path names.

    What goes wrong is raised as the file system raises it, such as ``FileNotFoundError``.
    """

    def __init__(self, system: AbstractFileSystem | None = None) -> None:
        """Work on ``system``; without one, a path is of this machine unless it is a URL."""
        self._system = system

    def open(self, path: str, mode: str = "r") -> Any:
        """Return an open file."""
        system, name = self._at(path)
        return system.open(name, mode, **({} if "b" in mode else {"encoding": "utf-8"}))

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file or folder."""
        system, name = self._at(path)
        return bool(system.exists(name))

    def isdir(self, path: str) -> bool:
        """Tell whether it is a folder."""
        system, name = self._at(path)
        return bool(system.isdir(name))

    def size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        system, name = self._at(path)
        return int(system.size(name))

    def listdir(self, path: str) -> list[str]:
        """Return the names of what is in a folder, sorted."""
        system, name = self._at(path)
        return sorted(found.rstrip("/").rpartition("/")[2] for found in system.ls(name, detail=False))

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern."""
        system, name = self._at(pattern)
        return [system.unstrip_protocol(found) if "://" in pattern else found for found in system.glob(name)]

    def makedirs(self, path: str) -> None:
        """Create a folder with those above it."""
        system, name = self._at(path)
        system.makedirs(name, exist_ok=True)

    def mkdir(self, path: str) -> None:
        """Create a folder in one that exists."""
        system, name = self._at(path)
        system.mkdir(name, create_parents=False)

    def copy(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Copy a file.

        Raises:
            FileExistsError: If there is one at ``dst``, and it is not to be replaced.
        """
        if not overwrite and self.exists(dst):
            message = f"There is a file at {dst} already."
            raise FileExistsError(message)
        with self.open(src, "rb") as source, self.open(dst, "wb") as target:
            while block := source.read(1 << 20):
                target.write(block)

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Move a file; errors as from :meth:`copy`."""
        self.copy(src, dst, overwrite)
        self.remove(src)

    def remove(self, path: str) -> None:
        """Delete a file."""
        system, name = self._at(path)
        system.rm_file(name)

    def rmtree(self, path: str) -> None:
        """Delete a folder with what is in it."""
        system, name = self._at(path)
        system.rm(name, recursive=True)

    def walk(self, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield each folder below ``path`` with the names of the folders and the files in it."""
        system, name = self._at(path)
        yield from system.walk(name)

    def _at(self, path: str) -> tuple[AbstractFileSystem, str]:
        import fsspec

        if self._system is not None:
            return self._system, self._system._strip_protocol(str(path))  # noqa: SLF001 - fsspec has no public name for it
        found: tuple[AbstractFileSystem, str] = fsspec.url_to_fs(str(path))
        return found
