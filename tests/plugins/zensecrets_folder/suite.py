"""The tests of the plug-in, which ``tests/plugins/test_folder.py`` runs in a process that can import the plug-in."""

from importlib.metadata import entry_points

from zensecrets_folder import FolderBackend

from zensecrets_jupyter.core.managers import get_flavor
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests


class TestFolder(SecretsManagerTests):
    """The conformance suite of the package, for the backend of the plug-in."""

    backend_class = FolderBackend
    # Of two concurrent changes to one secret, the backend keeps only the last one.
    keeps_all_updates = False

    def prepare(self) -> None:
        """Use a new folder for each test."""
        self.attributes = {"path": self.folder / "shared"}


def test_entry_point() -> None:
    """The flavor is the backend that the entry point of the installed plug-in names."""
    [entry_point] = entry_points(group="zensecrets_jupyter.secrets_managers.v2", name="folder")
    assert entry_point.dist is not None
    assert entry_point.dist.name == "zensecrets-folder"
    assert get_flavor("folder") is FolderBackend
