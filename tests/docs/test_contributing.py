"""Tests that compare CONTRIBUTING.md with the import contracts in pyproject.toml and with the files.

Each module and each folder directly in the package is a part. The diagram in CONTRIBUTING.md shows which part imports which.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

# Python 3.10 has no module `tomllib`. With Python 3.10, pytest installs `tomli`, which has the same functions.
tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).parents[2]
ZENML_NAMES = "ZenML names"
"""The start of a label in the diagram.

Its node represents all modules with the names of ZenML's modules, such as ``pipelines``.
"""
LAYERS_CONTRACT = "The parts of the package"
"""The start of the name of the import contract with the layers."""


def _layers() -> list[set[str]]:
    """Return the parts of each layer, from the top layer to the bottom layer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"].startswith(LAYERS_CONTRACT))
    # The contract separates the parts of a layer by `|` or `:`.
    return [set(re.findall(r"\w+", layer)) for layer in layers]


def _diagram() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the nodes of the diagram with their labels, and its arrows as pairs of nodes."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    source = text.split("```mermaid\n", 1)[1].split("```", 1)[0]
    nodes = dict(re.findall(r'^ *(\w+)\["([^"]+)"\]', source, re.MULTILINE))
    arrows = re.findall(r"^ *(\w+) --> (\w+)$", source, re.MULTILINE)
    return nodes, arrows


def _layer_index(node: str, label: str) -> int:
    """Return the index of a node's layer, where 0 is the top layer."""
    for index, layer in enumerate(_layers()):
        # All modules with ZenML's names are in one layer, so it is enough to look for one of them, `pipelines`.
        if node in layer or (label.startswith(ZENML_NAMES) and "pipelines" in layer):
            return index
    pytest.fail(f"No layer contains {node!r}.")


def _reachable_nodes(start: str, arrows: list[tuple[str, str]]) -> set[str]:
    """Return all nodes to which a path of arrows leads from ``start``."""
    reachable_nodes: set[str] = set()
    pending_nodes = [start]
    while pending_nodes:
        node = pending_nodes.pop()
        for source, target in arrows:
            if source == node and target not in reachable_nodes:
                reachable_nodes.add(target)
                pending_nodes.append(target)
    return reachable_nodes


def test_every_part_of_the_package_is_in_the_diagram() -> None:
    """Each part has its own node, except for the modules with ZenML's names, which are in the label of one node."""
    nodes, _ = _diagram()
    shared_label = next(label for label in nodes.values() if label.startswith(ZENML_NAMES))
    for layer in _layers():
        for part in layer:
            assert part in nodes or re.search(rf"\b{part}\b", shared_label), part


def test_every_arrow_points_to_a_lower_layer() -> None:
    """Each arrow leads to a lower layer, as the contract requires."""
    nodes, arrows = _diagram()
    assert arrows
    for source, target in arrows:
        assert _layer_index(source, nodes[source]) < _layer_index(target, nodes[target]), (source, target)


def test_every_import_between_parts_is_an_arrow() -> None:
    """If a part imports another part, a path of arrows leads from the first to the second."""
    nodes, arrows = _diagram()
    package = ROOT / "zensecrets_jupyter"
    shared_node = next(node for node, label in nodes.items() if label.startswith(ZENML_NAMES))
    reachable_nodes = {node: _reachable_nodes(node, arrows) for node in nodes}
    for path in sorted(package.rglob("*.py")):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        node = part if part in nodes else shared_node
        imported_parts = re.findall(r"^ *(?:from|import) zensecrets_jupyter\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        for imported_part in imported_parts:
            imported_node = imported_part if imported_part in nodes else shared_node
            # Modules of one node may import each other.
            is_allowed = imported_node == node or imported_node in reachable_nodes[node]
            assert is_allowed, f"{path.relative_to(ROOT)} imports {imported_part}"


def test_every_path_in_the_text_exists() -> None:
    """Each file and folder that CONTRIBUTING.md names exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:zensecrets_jupyter|tests|js/src|docs)/[\w./]+)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
