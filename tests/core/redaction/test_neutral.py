"""Public notebooks are neutral texts: none is masked while realistic secrets are protected."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.redaction.realistic_secrets import masks_in, redactor_of_all
from tests.support.redaction.values import realistic_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zensecrets_jupyter.core.redaction import Redactor

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

PACKAGES = {"nbformat": "5.11.1", "nbconvert": "7.17.2", "nbclient": "0.11.0", "jupytext": "1.19.6"}
"""Versions of packages whose source distributions contain notebooks."""


@pytest.fixture(scope="session")
def notebooks(pytestconfig: pytest.Config) -> dict[str, str]:
    """Return the text of each notebook in the packages, by the path of the notebook.

    The packages are downloaded once into pytest's cache.
    """
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("notebooks")
    if len(list(folder.glob("*.tar.gz"))) < len(PACKAGES):
        requirements = [f"{name}=={version}" for name, version in PACKAGES.items()]
        # --no-binary selects the source distributions, because wheels contain no notebooks.
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ",".join(PACKAGES),
            "--dest",
            str(folder),
        ]
        subprocess.run([*command, *requirements], check=True, timeout=300)
    texts: dict[str, str] = {}
    for package in sorted(folder.glob("*.tar.gz")):
        texts.update(_notebooks_in(package))
    return texts


def _notebooks_in(package: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each notebook in a source distribution."""
    with tarfile.open(package) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".ipynb") else None
            if file:
                yield member.name, file.read().decode()


@pytest.fixture
def redactor() -> Redactor:
    """Return a redactor that protects one hundred realistic secrets, and the values of ``realistic_values()``."""
    redactor = redactor_of_all()
    for name, value in realistic_values().items():
        assert redactor.protect(value, name)
    return redactor


def _texts(tree: Any) -> Iterator[str]:
    """Yield the texts in parsed JSON, and the joined texts of each list."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from _texts(item)
    elif isinstance(tree, list):
        # A notebook stores the text of an output as a list of its lines.
        yield "".join(item for item in tree if isinstance(item, str))
        for item in tree:
            yield from _texts(item)


def test_the_packages_contain_enough_notebooks(notebooks: dict[str, str]) -> None:
    """The packages contain more than 100 notebooks.

    At least 12 of them are larger than 20 KB.
    """
    assert len(notebooks) > 100
    assert sum(len(text) > 20_000 for text in notebooks.values()) >= 12


def test_public_notebooks_are_not_masked(notebooks: dict[str, str], redactor: Redactor) -> None:
    """No source, output or metadata of a public notebook is changed."""
    for path, text in notebooks.items():
        assert redactor.redact(text) is text, (path, masks_in(text, redactor))
        try:
            notebook = json.loads(text)
        except ValueError:
            continue  # Some notebooks in the tests of the packages are no valid JSON.
        assert redactor.redact_tree(notebook) is notebook, (path, masks_in(notebook, redactor))
        stream = redactor.stream()
        for output in _texts(notebook):
            assert stream.feed(output) + stream.release() == output, path
    assert redactor.counts == {}  # The redactor has masked nothing.
