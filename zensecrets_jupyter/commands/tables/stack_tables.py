"""Tables of components, stacks, validation reports and pipeline runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.tables.table import Table, display_text, local_time
from zensecrets_jupyter.core.text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zensecrets_jupyter.core.stack import ComponentType, Report, Stack
    from zensecrets_jupyter.core.steps.execution.run import PipelineRun
    from zensecrets_jupyter.core.workspace import ComponentRecord, StackRecord


def components_table(records: Sequence[ComponentRecord], active_name: str | None, component_type: ComponentType) -> Table:
    """Return the components of one type; a star marks the active stack's component."""
    rows = [("*" if record.name == active_name else "", record.name, record.flavor, local_time(record.updated)) for record in records]
    note = "" if rows else f"There is none. To register one: %zen {component_type.command} register NAME --flavor=FLAVOR"
    return Table(["active", "name", "flavor", "updated"], rows, title=sentence(component_type.plural), note=note)


def component_table(record: ComponentRecord, facts: Mapping[str, str]) -> Table:
    """Return the facts and the attributes of a component.

    References are not resolved, and sensitive values are masked.

    Args:
        record: The component.
        facts: Further rows, such as the location of a secrets manager's file.
    """
    rows = [("flavor", record.flavor), *facts.items(), *record.attributes.items()]
    return Table(["attribute", "value"], rows, title=f"{sentence(record.type.label)} {record.name!r}")


def stacks_table(records: Sequence[StackRecord]) -> Table:
    """Return the stacks with their components; a star marks the active stack."""
    types = list(dict.fromkeys(component_type for record in records for component_type in record.components))
    # A stack without a component of a type has None, which is an empty cell.
    rows = [("*" if record.is_active else "", record.name, *map(record.components.get, types)) for record in records]
    return Table(["active", "stack", *(component_type.label for component_type in types)], rows, title="Stacks")


def stack_record_table(record: StackRecord, components: Mapping[ComponentType, ComponentRecord]) -> Table:
    """Return the components of a stack's record with their attributes.

    The record is the stack as the workspace stores it. For a :class:`Stack` object, use :func:`stack_table`.

    References are not resolved, and sensitive values are masked.
    """
    rows = [
        (component_type.label, name, components[component_type].flavor, _attributes_text(components[component_type].attributes))
        for component_type, name in record.components.items()
    ]
    return _stack_table(record.name, rows, note="It is the active stack." if record.is_active else "")


def stack_table(stack: Stack) -> Table:
    """Return the components of a :class:`Stack` object with their attributes.

    References are not resolved, and sensitive values are masked.
    """
    rows = []
    for component_type, component in stack.components.items():
        # The dump contains references and masks, never values. Attributes that were not set are left out.
        attributes = {name: value for name, value in component.config.model_dump().items() if name in component.config.model_fields_set}
        rows.append((component_type.label, component.name, component.flavor, _attributes_text(attributes)))
    # The secrets manager is not one of the stack's components, and its attributes are not shown.
    if stack.has_secrets_manager:
        rows.append(("secrets manager", stack.secrets_manager.name, stack.secrets_manager.flavor, ""))
    return _stack_table(stack.name, rows)


def report_table(report: Report) -> Table:
    """Return the problems of a validation, with hints."""
    # The cause leaves out the attribute and the reference, which have their own columns. A problem without a reference has no cause.
    rows = [
        (
            f"{problem.component}.{problem.attribute}" if problem.attribute else f"stack {report.stack!r}",
            problem.reference,
            f"{problem.cause or problem.message} {problem.hint}".rstrip(),
        )
        for problem in report.problems
    ]
    title = f"Stack {report.stack!r} can't run" if rows else f"Stack {report.stack!r} is valid ({report.level.value})"
    note = f"To fix it: {report.remedy}" if report.remedy else ""
    return Table(["where", "reference", "problem"], rows, title=title, note=note)


def run_table(run: PipelineRun) -> Table:
    """Return the status and the duration of each step of a run."""
    rows = [(step.name, step.status.value, f"{step.duration:.2f} s") for step in run.steps.values()]
    return Table(["step", "status", "took"], rows, title=f"Run {run.name!r} on stack {run.stack!r}: {run.status.value}")


def _stack_table(name: str, rows: Sequence[Sequence[str]], note: str = "") -> Table:
    return Table(["type", "name", "flavor", "attributes"], rows, title=f"Stack {name!r}", note=note)


def _attributes_text(attributes: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}={display_text(value)}" for name, value in attributes.items())
