"""File functions for materializers, with the names of ZenML's ``fileio``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem


class FileIO:
    """Opens, lists, copies and removes files by path or URL.

    Every method raises the errors of the file system, such as ``FileNotFoundError``.
    """

    def __init__(self, system: AbstractFileSystem | None = None) -> None:
        """Use ``system`` for all paths; by default, the path or URL selects the file system."""
        self._system = system

    def open(self, path: str, mode: str = "r") -> Any:
        """Return an open file."""
        system, name = self._resolve(path)
        return system.open(name, mode, **({} if "b" in mode else {"encoding": "utf-8"}))

    def exists(self, path: str) -> bool:
        """Return whether the file or folder exists."""
        system, name = self._resolve(path)
        return bool(system.exists(name))

    def isdir(self, path: str) -> bool:
        """Return whether the path is a folder."""
        system, name = self._resolve(path)
        return bool(system.isdir(name))

    def size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        system, name = self._resolve(path)
        return int(system.size(name))

    def listdir(self, path: str) -> list[str]:
        """Return the sorted names of the files and folders in a folder."""
        system, name = self._resolve(path)
        return sorted(item.rstrip("/").rpartition("/")[2] for item in system.ls(name, detail=False))

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern; URLs if the pattern is a URL."""
        system, name = self._resolve(pattern)
        return [system.unstrip_protocol(match) if "://" in pattern else match for match in system.glob(name)]

    def makedirs(self, path: str) -> None:
        """Create a folder and its parents."""
        system, name = self._resolve(path)
        system.makedirs(name, exist_ok=True)

    def mkdir(self, path: str) -> None:
        """Create a folder in an existing folder."""
        system, name = self._resolve(path)
        system.mkdir(name, create_parents=False)

    def copy(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Copy a file.

        Raises:
            FileExistsError: If ``dst`` exists, and ``overwrite`` is false.
        """
        if not overwrite and self.exists(dst):
            message = f"The file {dst} exists already."
            raise FileExistsError(message)
        with self.open(src, "rb") as source, self.open(dst, "wb") as target:
            while block := source.read(1 << 20):
                target.write(block)

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Move a file; errors are those of :meth:`copy`."""
        self.copy(src, dst, overwrite)
        self.remove(src)

    def remove(self, path: str) -> None:
        """Delete a file."""
        system, name = self._resolve(path)
        system.rm_file(name)

    def rmtree(self, path: str) -> None:
        """Delete a folder with its content."""
        system, name = self._resolve(path)
        system.rm(name, recursive=True)

    def walk(self, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield each folder below ``path`` with the names of its folders and files."""
        system, name = self._resolve(path)
        yield from system.walk(name)

    def _resolve(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return the file system of a path or URL, and the path in it."""
        import fsspec

        if self._system is not None:
            return self._system, self._system._strip_protocol(str(path))  # noqa: SLF001 - fsspec has no public function that removes the scheme of a path
        resolved: tuple[AbstractFileSystem, str] = fsspec.url_to_fs(str(path))
        return resolved
