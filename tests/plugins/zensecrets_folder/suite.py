"""The tests of the plug-in, which ``tests/plugins/test_folder.py`` runs in an environment that contains the plug-in."""

from importlib.metadata import entry_points

from zensecrets_folder import FolderBackend

from zensecrets_jupyter.core.managers import get_flavor
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests


class TestFolder(SecretsManagerTests):
    """The conformance suite for the plug-in."""

    backend_class = FolderBackend
    keeps_all_updates = False

    def prepare(self) -> None:
        """Use a new folder for each test."""
        self.attributes = {"path": self.folder / "shared"}


def test_entry_point() -> None:
    """The entry point of the installed package names the backend."""
    [point] = entry_points(group="zensecrets_jupyter.secrets_managers.v2", name="folder")
    assert point.dist is not None
    assert point.dist.name == "zensecrets-folder"
    assert get_flavor("folder") is FolderBackend
