"""The picture of the architecture in CONTRIBUTING.md, against the import contracts."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

# Python 3.10 has no TOML parser; pytest brings one there.
tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).parents[2]
ZENML_NAMES = "ZenML names"
"""The label of the node that stands for all modules that carry names of ZenML's."""
CONTRACT_OF_PARTS = "The parts of the package"


def _layers() -> list[set[str]]:
    """Return the layers of the package's parts, the highest first."""
    contracts: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
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
    """Return how high the part of a node stands; 0 is the highest layer."""
    for rank, layer in enumerate(_layers()):
        if node in layer or (label.startswith(ZENML_NAMES) and "pipelines" in layer):
            return rank
    pytest.fail(f"No layer holds {node!r}.")


def test_every_part_of_the_package_is_in_the_picture() -> None:
    """Each part that a contract names is a node; the modules with ZenML's names share one."""
    nodes, _ = _picture()
    shared = next(label for label in nodes.values() if label.startswith(ZENML_NAMES))
    for layer in _layers():
        for part in layer:
            assert part in nodes or re.search(rf"\b{part}\b", shared), part


def test_every_arrow_points_to_a_lower_layer() -> None:
    """An arrow means "imports", which the contracts allow downwards only."""
    nodes, arrows = _picture()
    assert arrows
    for source, target in arrows:
        assert _rank(source, nodes[source]) < _rank(target, nodes[target]), (source, target)


def test_every_import_between_parts_is_an_arrow() -> None:
    """No part imports another without an arrow, or a path of arrows, between them."""
    nodes, arrows = _picture()
    package = ROOT / "zensecrets_jupyter"
    shared = next(node for node, label in nodes.items() if label.startswith(ZENML_NAMES))
    reachable = {node: _below(node, arrows) for node in nodes}
    for path in sorted(package.rglob("*.py")):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        source = part if part in nodes else shared
        if part == "__init__":
            continue
        for imported in re.findall(r"^ *(?:from|import) zensecrets_jupyter\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            target = imported if imported in nodes else shared
            assert target == source or target in reachable[source], f"{path.relative_to(ROOT)} imports {imported}"


def test_every_path_in_the_map_exists() -> None:
    """A path that CONTRIBUTING.md names from the root is there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:zensecrets_jupyter|tests|js/src)/[\w./]+)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def _below(node: str, arrows: list[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        for source, target in arrows:
            if source == here and target not in found:
                found.add(target)
                waiting.append(target)
    return found
