"""No false masking: with secrets of every service protected, the notebooks of public packages are shown as they are."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.redaction.realistic_secrets import masks_in, protecting_all
from tests.support.redaction.values import realistic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zensecrets_jupyter.core.redaction import Redactor

pytestmark = pytest.mark.once

PACKAGES = {"nbformat": "5.11.1", "nbconvert": "7.17.2", "nbclient": "0.11.0", "jupytext": "1.19.6"}
"""Packages whose sources hold notebooks for their own tests and for show."""


@pytest.fixture(scope="session")
def notebooks(pytestconfig: pytest.Config) -> dict[str, str]:
    """Return the texts of all notebooks in these packages, by their paths; the sources are downloaded once and kept in pytest's cache."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("notebooks")
    if len(list(folder.glob("*.tar.gz"))) < len(PACKAGES):
        wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
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
        subprocess.run([*command, *wanted], check=True, timeout=300)
    return dict(text for package in sorted(folder.glob("*.tar.gz")) for text in _notebooks_in(package))


def _notebooks_in(package: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(package) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".ipynb") else None
            if file:
                yield member.name, file.read().decode()


@pytest.fixture
def redactor() -> Redactor:
    """Return a redactor that protects a value of every service, and one hundred realistic secrets."""
    protecting = protecting_all()
    for name, value in realistic().items():
        assert protecting.protect(value, name)
    return protecting


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for inner in thing.values():
            yield from _texts(inner)
    elif isinstance(thing, list):
        yield "".join(inner for inner in thing if isinstance(inner, str))
        for inner in thing:
            yield from _texts(inner)


def test_there_are_notebooks(notebooks: dict[str, str]) -> None:
    """There are more than a hundred, and twenty of them are larger than 20 KB."""
    assert len(notebooks) > 100
    assert sum(len(text) > 20_000 for text in notebooks.values()) >= 12


def test_nothing_is_masked(notebooks: dict[str, str], redactor: Redactor) -> None:
    """No source, no output and no metadata of any of them changes."""
    for path, text in notebooks.items():
        assert redactor.redact(text) is text, (path, masks_in(text, redactor))
        try:
            notebook = json.loads(text)
        except ValueError:
            continue
        assert redactor.redact_tree(notebook) is notebook, (path, masks_in(notebook, redactor))
        stream = redactor.stream()
        for inner in _texts(notebook):
            assert stream.feed(inner) + stream.release() == inner, path
    assert redactor.counts == {}
