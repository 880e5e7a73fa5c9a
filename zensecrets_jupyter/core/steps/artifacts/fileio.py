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
        """Use the file system ``system`` for all paths.

        By default, each path or URL selects its own file system.
        """
        self._system = system

    def open(self, path: str, mode: str = "r") -> Any:
        """Return an open file; a text file has the encoding UTF-8."""
        system, inner_path = self._resolve(path)
        return system.open(inner_path, mode, **({} if "b" in mode else {"encoding": "utf-8"}))

    def exists(self, path: str) -> bool:
        """Return whether the file or folder exists."""
        system, inner_path = self._resolve(path)
        return bool(system.exists(inner_path))

    def isdir(self, path: str) -> bool:
        """Return whether the path is a folder."""
        system, inner_path = self._resolve(path)
        return bool(system.isdir(inner_path))

    def size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        system, inner_path = self._resolve(path)
        return int(system.size(inner_path))

    def listdir(self, path: str) -> list[str]:
        """Return the sorted names of the files and folders in a folder."""
        system, inner_path = self._resolve(path)
        return sorted(item.rstrip("/").rpartition("/")[2] for item in system.ls(inner_path, detail=False))

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern; URLs if the pattern is a URL."""
        system, inner_path = self._resolve(pattern)
        return [system.unstrip_protocol(match) if "://" in pattern else match for match in system.glob(inner_path)]

    def makedirs(self, path: str) -> None:
        """Create a folder and its parents."""
        system, inner_path = self._resolve(path)
        system.makedirs(inner_path, exist_ok=True)

    def mkdir(self, path: str) -> None:
        """Create a folder in an existing folder."""
        system, inner_path = self._resolve(path)
        system.mkdir(inner_path, create_parents=False)

    def copy(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Copy a file.

        Raises:
            FileExistsError: If ``dst`` exists, and ``overwrite`` is false.
        """
        if not overwrite and self.exists(dst):
            message = f"The file {dst} exists already."
            raise FileExistsError(message)
        with self.open(src, "rb") as source, self.open(dst, "wb") as target:
            # The file is copied in blocks of 1 MiB, because ``dst`` may be on another file system than ``src``.
            while block := source.read(1 << 20):
                target.write(block)

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002 - ZenML's signature
        """Move a file by a copy, also to another file system; errors are those of :meth:`copy`."""
        self.copy(src, dst, overwrite)
        self.remove(src)

    def remove(self, path: str) -> None:
        """Delete a file."""
        system, inner_path = self._resolve(path)
        system.rm_file(inner_path)

    def rmtree(self, path: str) -> None:
        """Delete a folder with its content."""
        system, inner_path = self._resolve(path)
        system.rm(inner_path, recursive=True)

    def walk(self, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield ``path`` and each folder below it, as ``os.walk`` does.

        Each item is the path of the folder, the names of the folders in it, and the names of the files in it.
        """
        system, inner_path = self._resolve(path)
        yield from system.walk(inner_path)

    def _resolve(self, path: str) -> tuple[AbstractFileSystem, str]:
        """Return the file system of a path or URL, and the path in it."""
        import fsspec

        if self._system is not None:
            return self._system, self._system._strip_protocol(str(path))  # noqa: SLF001 - fsspec has no public function that removes the scheme of a path
        resolved: tuple[AbstractFileSystem, str] = fsspec.url_to_fs(str(path))
        return resolved
