"""Tests that compare CONTRIBUTING.md with the import contracts and the files."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

# Python 3.10 has no TOML parser; pytest installs this one there.
tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).parents[2]
ZENML_NAMES = "ZenML names"
"""The label of the node for all modules that have the names of ZenML's modules."""
CONTRACT_OF_PARTS = "The parts of the package"


def _layers() -> list[set[str]]:
    """Return the layers of the package, from top to bottom."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"].startswith(CONTRACT_OF_PARTS))
    return [set(re.findall(r"\w+", layer)) for layer in layers]


def _picture() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the nodes of the picture with their labels, and its arrows."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    source = text.split("```mermaid\n", 1)[1].split("```", 1)[0]
    nodes = dict(re.findall(r'^ *(\w+)\["([^"]+)"\]', source, re.MULTILINE))
    arrows = re.findall(r"^ *(\w+) --> (\w+)$", source, re.MULTILINE)
    return nodes, arrows


def _rank(node: str, label: str) -> int:
    """Return the index of a node's layer, where 0 is the top layer."""
    for rank, layer in enumerate(_layers()):
        if node in layer or (label.startswith(ZENML_NAMES) and "pipelines" in layer):
            return rank
    pytest.fail(f"No layer contains {node!r}.")


def _reachable(start: str, arrows: list[tuple[str, str]]) -> set[str]:
    """Return all nodes to which a path of arrows leads from ``start``."""
    reached: set[str] = set()
    pending = [start]
    while pending:
        node = pending.pop()
        for source, target in arrows:
            if source == node and target not in reached:
                reached.add(target)
                pending.append(target)
    return reached


def test_every_part_of_the_package_is_in_the_picture() -> None:
    """Each part is a node; the modules with ZenML's names share one node."""
    nodes, _ = _picture()
    shared = next(label for label in nodes.values() if label.startswith(ZENML_NAMES))
    for layer in _layers():
        for part in layer:
            assert part in nodes or re.search(rf"\b{part}\b", shared), part


def test_every_arrow_points_to_a_lower_layer() -> None:
    """Each arrow is an import that the contract allows."""
    nodes, arrows = _picture()
    assert arrows
    for source, target in arrows:
        assert _rank(source, nodes[source]) < _rank(target, nodes[target]), (source, target)


def test_every_import_between_parts_is_an_arrow() -> None:
    """If one part imports another, a path of arrows connects them."""
    nodes, arrows = _picture()
    package = ROOT / "zensecrets_jupyter"
    shared = next(node for node, label in nodes.items() if label.startswith(ZENML_NAMES))
    reachable = {node: _reachable(node, arrows) for node in nodes}
    for path in sorted(package.rglob("*.py")):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        source = part if part in nodes else shared
        for imported in re.findall(r"^ *(?:from|import) zensecrets_jupyter\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            target = imported if imported in nodes else shared
            assert target == source or target in reachable[source], f"{path.relative_to(ROOT)} imports {imported}"


def test_every_path_in_the_map_exists() -> None:
    """Each path in CONTRIBUTING.md exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:zensecrets_jupyter|tests|js/src|docs)/[\w./]+)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
