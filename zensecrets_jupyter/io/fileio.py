"""File functions for paths and URLs, with the names of ZenML's module ``zenml.io.fileio``."""

from zensecrets_jupyter.core.steps.artifacts.fileio import FileIO

_files = FileIO()

copy = _files.copy
exists = _files.exists
glob = _files.glob
isdir = _files.isdir
listdir = _files.listdir
makedirs = _files.makedirs
mkdir = _files.mkdir
open = _files.open  # noqa: A001 - ZenML's name
remove = _files.remove
rename = _files.rename
rmtree = _files.rmtree
size = _files.size
walk = _files.walk
