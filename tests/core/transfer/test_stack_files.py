"""Tests of stack files in this package's layout and in that of ZenML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.stack_files import export_stack, import_stack, read_stack
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from pathlib import Path


def test_an_export_of_zenml_is_read(tmp_path: Path) -> None:
    """A file of ZenML 0.20 has one component or a list for each type."""
    path = tmp_path / "zenml.yaml"
    path.write_text(
        "stack_name: theirs\nzenml_version: 0.20.5\ncomponents:\n"
        "  orchestrator:\n    id: 1\n    name: o\n    flavor: kubernetes\n    configuration:\n"
        "      synchronous: true\n      kubernetes_context: null\n"
        "  artifact_store:\n  - name: a\n    flavor: local\n    configuration: {}\n"
    )
    description = read_stack(str(path))
    record, new_components = import_stack(get_workspace(), description, description.name)
    assert (record.name, [component.name for component in new_components]) == ("theirs", ["o", "a"])
    assert get_workspace().component(ComponentType.ORCHESTRATOR, "o").attributes == {"synchronous": True}


def test_an_export_lists_the_required_secrets() -> None:
    """An export lists each secret that a reference names, with the keys in the references.

    An export leaves out attributes with encrypted values. This component has none.
    """
    workspace = get_workspace()
    attributes = {"a": "{{one.x}} and {{two.y}}", "b": ["{{one.z}}"], "port": 3}
    workspace.register_component(ComponentType.ANNOTATOR, "c", "custom", attributes)
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "c"})
    text, left_out = export_stack(workspace)
    assert left_out == []
    assert "- name: one\n  keys:\n  - x\n  - z\n- name: two\n  keys:\n  - y\n" in text


@pytest.mark.parametrize(
    "text",
    ["", "a: 1", "components: []", "components: {orchestra: {name: a, flavor: b}}", "components: {orchestrator: {name: a}}", "a: [",
     "components: {orchestrator: {name: a, flavor: b, configuration: [1]}}", "zensecrets_stack: 2\ncomponents: {}"],
)  # fmt: skip
def test_a_file_without_a_stack_is_refused(text: str, tmp_path: Path) -> None:
    """A file that does not describe a stack raises an error with the file's name.

    ``zensecrets_stack: 2`` is a newer version of the format.
    """
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=r"s\.yaml"):
        read_stack(str(path))
