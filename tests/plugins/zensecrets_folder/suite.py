"""The plug-in's own tests, as its author writes them; run by ``tests/plugins/test_folder.py`` where it is installed."""

from importlib.metadata import entry_points

from zensecrets_folder import FolderBackend

from zensecrets_jupyter.core.managers import get_flavor
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests


class TestFolder(SecretsManagerTests):
    """All that a secrets manager promises."""

    backend_class = FolderBackend
    keeps_all_updates = False

    def prepare(self) -> None:
        """Take a new folder for each test."""
        self.attributes = {"path": self.folder / "shared"}


def test_it_is_found_by_its_entry_point() -> None:
    """The flavor is what the installed distribution names."""
    [point] = entry_points(group="zensecrets_jupyter.secrets_managers.v2", name="folder")
    assert point.dist is not None
    assert point.dist.name == "zensecrets-folder"
    assert get_flavor("folder") is FolderBackend
