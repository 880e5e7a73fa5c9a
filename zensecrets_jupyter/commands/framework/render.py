"""Tables of masked values, as plain text and as HTML in JupyterLab's style."""

from __future__ import annotations

import html
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, overload

from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.reference import RawText
from zensecrets_jupyter.core.text import sentence
from zensecrets_jupyter.core.value import MaskedText

if TYPE_CHECKING:
    from datetime import datetime

    from zensecrets_jupyter.core.managers import SecretSummary, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import ComponentType, Report, Stack
    from zensecrets_jupyter.core.steps.execution.run import PipelineRun
    from zensecrets_jupyter.core.workspace import ComponentRecord, StackRecord

# JupyterLab sets these CSS variables for its light and dark themes; other pages use their own colours.
_COLOURS = "color: var(--jp-ui-font-color1, inherit); font-family: var(--jp-ui-font-family, sans-serif);"
_SIZE = "font-size: var(--jp-ui-font-size1, 13px);"
# JupyterLab styles rows. A style of each cell would be repeated in every output that the kernel keeps in memory.
_CELL = "text-align: left;"
_PREFORMATTED = "vertical-align: top; white-space: pre-wrap;"
_FAINT = "color: var(--jp-ui-font-color2, inherit);"
_MAX_ROWS = 2_000
"""The number of rows above which text is not folded, and that HTML shows at most."""
_UNLIMITED = 10_000
"""A width in columns that exceeds every table, so that piped output is not folded."""
_GAP = "   "


class Table(Sequence[dict[str, str]]):
    """Rows of texts with named columns, each row a dict; displayed as HTML in a notebook and as plain text elsewhere."""

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", note: str = "") -> None:
        """Create a table whose values are masked; ``note`` is shown below the rows, or instead of them."""
        self.columns = tuple(columns)
        self.title = title
        self.note = note
        # IPython keeps every output in Out; interned texts are shared between tables.
        self._rows = [tuple(sys.intern(shown(value)) for value in row) for row in rows]

    @overload
    def __getitem__(self, index: int) -> dict[str, str]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, str]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, str] | list[dict[str, str]]:
        """Return a row, or several rows for a slice."""
        if isinstance(index, slice):
            return [self._named(row) for row in self._rows[index]]
        return self._named(self._rows[index])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __repr__(self) -> str:
        """Return the table as plain text, fitted to the terminal."""
        return self.plain(shutil.get_terminal_size((100, 24)).columns)

    def __str__(self) -> str:
        """Return the table as plain text, fitted to the terminal."""
        return repr(self)

    def plain(self, width: int | None = None) -> str:
        """Return the table as plain text, at most ``width`` columns wide; unlimited by default."""
        parts = [_printable(self.title)] if self.title else []
        if self._rows:
            rows = [[column.upper() for column in self.columns], *([_printable(text) for text in row] for row in self._rows)]
            drawn = _in_columns(rows)
            # Folding a hundred thousand rows takes minutes.
            fits = len(rows) > _MAX_ROWS or _width_of(drawn[1]) <= (width or _UNLIMITED)
            parts += [line.rstrip() for line in (drawn if fits else _folded(rows, width or _UNLIMITED))]
        return "\n".join([*parts, *([_printable(self.note)] if self.note else [])])

    def _repr_html_(self) -> str:
        """Return the table as HTML, with everything in it escaped."""
        parts = [f'<div class="zensecrets-table" style="{_COLOURS} {_SIZE}">']
        if self.title:
            parts.append(f'<div style="padding: 4px 0; font-weight: 600;">{_escaped(self.title)}</div>')
        if self._rows:
            head = "".join(f'<th style="{_CELL}">{_escaped(column.capitalize())}</th>' for column in self.columns)
            rows = "".join(_row(row) for row in self._rows[:_MAX_ROWS])
            parts.append(f'<table><thead><tr style="{_FAINT}">{head}</tr></thead><tbody>{rows}</tbody></table>')
        if len(self._rows) > _MAX_ROWS:
            # A browser takes minutes to draw a hundred thousand rows.
            more = f"{len(self._rows) - _MAX_ROWS:,} more rows are not drawn here: print the table, or take a part of it."
            parts.append(f'<div style="padding: 4px 0; {_FAINT}">{more}</div>')
        if self.note:
            parts.append(f'<div style="padding: 4px 0; white-space: pre-wrap; {_FAINT}">{_escaped(self.note)}</div>')
        return "".join([*parts, "</div>"])

    def _named(self, row: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(self.columns, row, strict=True))


def shown(value: Any) -> str:
    """Return the display text of a value: empty for ``None``, the mask for a masked text."""
    if isinstance(value, MaskedText):
        return repr(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and value.keys() == {"$literal"}:
        return f"{value['$literal']} (literal)"
    if isinstance(value, RawText):
        return f"{value} (literal)"
    return "" if value is None else value if type(value) is str else str(value)


def secret_table(secret: BaseSecretSchema) -> Table:
    """Return the keys of a secret with masked values; values that the schema declares as clear text are shown."""
    rows = [(key, value) for key, value in secret.masked_content().items()]
    return Table(["key", "value"], rows, title=f"Secret {secret.name!r} (schema {secret.TYPE})", note="" if rows else "It has no keys.")


def secrets_table(manager: str, secrets: Sequence[SecretSummary]) -> Table:
    """Return the secrets of a secrets manager with their metadata; no secret is read."""
    columns = ["name", "schema", "version", "updated"]
    rows = [[secret.name, _type_of(secret.schema), secret.version, secret.updated and when(secret.updated)] for secret in secrets]
    used = [place for place, _ in enumerate(columns) if place == 0 or any(row[place] is not None for row in rows)]
    empty = "There are no secrets. To register one: %secret register NAME"
    title = f"Secrets in secrets manager {manager!r}"
    return Table(
        [columns[place] for place in used], [[row[place] for place in used] for row in rows], title=title, note="" if rows else empty
    )


def versions_table(name: str, versions: Sequence[SecretVersion]) -> Table:
    """Return the stored versions of a secret."""
    rows = [(version.number, _type_of(version.schema), when(version.created), "current" if version.current else "") for version in versions]
    return Table(["version", "schema", "written", ""], rows, title=f"Versions of secret {name!r}")


def schemas_table(schemas: Iterable[tuple[str, type[BaseSecretSchema] | None]]) -> Table:
    """Return the schema types with their keys; a schema that can't be imported has none."""
    rows = [(schema_type, _keys_of(schema) if schema else "not usable here") for schema_type, schema in schemas]
    return Table(["schema", "keys"], rows, note="For one of them: %secret schemas TYPE")


def schema_table(schema: type[BaseSecretSchema]) -> Table:
    """Return the keys of a schema."""
    rows = [
        (
            key,
            schema.model_fields[key].description,
            "required" if schema.model_fields[key].is_required() else "optional",
            "masked" if schema.is_sensitive(key) else "shown",
        )
        for key in schema.get_schema_keys()
    ]
    note = "It takes any keys; all values are masked." if schema.takes_any_key() else ""
    return Table(["key", "what it is", "", "value"], rows, title=f"Schema {schema.TYPE}", note=note)


def components_table(records: Sequence[ComponentRecord], active: str | None, component_type: ComponentType) -> Table:
    """Return the components of one type, with a star at the active stack's component."""
    rows = [("*" if record.name == active else "", record.name, record.flavor, when(record.updated)) for record in records]
    note = "" if rows else f"There is none. To register one: %zen {component_type.command} register NAME --flavor=FLAVOR"
    return Table(["active", "name", "flavor", "updated"], rows, title=sentence(component_type.plural), note=note)


def component_table(record: ComponentRecord, facts: Mapping[str, str]) -> Table:
    """Return a component's ``facts`` and attributes, with references unresolved and sensitive values masked."""
    rows = [("flavor", record.flavor), *facts.items(), *record.attributes.items()]
    return Table(["attribute", "value"], rows, title=f"{sentence(record.type.words)} {record.name!r}")


def stacks_table(records: Sequence[StackRecord]) -> Table:
    """Return the stacks with their components, with a star at the active stack."""
    types = list(dict.fromkeys(kind for record in records for kind in record.components))
    rows = [("*" if record.active else "", record.name, *(record.components.get(kind) for kind in types)) for record in records]
    return Table(["active", "stack", *(kind.words for kind in types)], rows, title="Stacks")


def stack_record_table(record: StackRecord, components: Mapping[ComponentType, ComponentRecord]) -> Table:
    """Return the components of a registered stack, with attributes as in :func:`component_table`."""
    rows = [(kind.words, name, components[kind].flavor, _listed(components[kind].attributes)) for kind, name in record.components.items()]
    return _stack_table(record.name, rows, note="It is the active stack." if record.active else "")


def stack_table(stack: Stack) -> Table:
    """Return the components of a stack with attributes, references unresolved and sensitive values masked."""
    rows = []
    for kind, component in stack.components.items():
        # The dump contains references and masks, never values.
        attributes = {name: value for name, value in component.config.model_dump().items() if name in component.config.model_fields_set}
        rows.append((kind.words, component.name, component.flavor, _listed(attributes)))
    if stack.has_secrets_manager:
        rows.append(("secrets manager", stack.secrets_manager.name, stack.secrets_manager.flavor, ""))
    return _stack_table(stack.name, rows)


def report_table(report: Report) -> Table:
    """Return the problems of a validation, with hints."""
    rows = [
        (
            f"{problem.component}.{problem.attribute}" if problem.attribute else f"stack {report.stack!r}",
            problem.reference,
            f"{problem.cause or problem.message} {problem.hint}".rstrip(),
        )
        for problem in report.problems
    ]
    title = f"Stack {report.stack!r} can't run" if rows else f"Stack {report.stack!r} is valid ({report.level.value})"
    note = f"To mend it: {report.remedy}" if report.remedy else ""
    return Table(["where", "reference", "problem"], rows, title=title, note=note)


def run_table(run: PipelineRun) -> Table:
    """Return the status and the duration of each step of a run."""
    rows = [(step.name, step.status.value, f"{step.duration:.2f} s") for step in run.steps.values()]
    return Table(["step", "status", "took"], rows, title=f"Run {run.name!r} on stack {run.stack!r}: {run.status.value}")


def when(moment: datetime) -> str:
    """Return a time in the local time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _type_of(schema: str | None) -> str | None:
    """Return a schema type for display. In an imported secret it may be a misplaced value, which is hidden."""
    return schema if schema is None or not is_opaque(schema) else "(not shown)"


def _stack_table(name: str, rows: Sequence[Sequence[str]], note: str = "") -> Table:
    return Table(["type", "name", "flavor", "attributes"], rows, title=f"Stack {name!r}", note=note)


def _listed(attributes: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}={shown(value)}" for name, value in attributes.items())


def _keys_of(schema: type[BaseSecretSchema]) -> str:
    if schema.takes_any_key():
        return "any"
    required = set(schema.required_keys())
    return ", ".join(key if key in required else f"{key} (optional)" for key in schema.get_schema_keys())


def _in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table at full width, with a rule below its first row.

    The lines equal those of :func:`_folded` if nothing is folded, in a twentieth of the time.
    """
    cells = [[text.split("\n") for text in row] for row in rows]
    widths = [max(_width_of(line) for cell in column for line in cell) for column in zip(*cells, strict=True)]
    lines = [
        _GAP.join(text + " " * (width - _width_of(text)) for text, width in zip(texts, widths, strict=True))
        for row in cells
        for texts in zip_longest(*row, fillvalue="")
    ]
    lines.insert(1, _rule() * (sum(widths) + len(_GAP) * (len(widths) - 1)))
    return lines


def _folded(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table with wide cells folded, drawn by rich."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    rules = box.Box(f"    \n    \n {_rule() * 2} \n    \n    \n    \n    \n    \n")
    table = RichTable(box=rules, safe_box=False, pad_edge=False, show_edge=False)
    for column in rows[0]:
        table.add_column(Text(column), overflow="fold")
    for row in rows[1:]:
        # Text keeps rich from interpreting markup in a cell.
        table.add_row(*map(Text, row))
    file = StringIO()
    # In a kernel rich would display the text as an additional output.
    plain = Console(file=file, width=width, color_system=None, force_terminal=False, force_jupyter=False, emoji=False, highlight=False)
    plain.print(table)
    return file.getvalue().rstrip().splitlines()


def _rule() -> str:
    """Return the character for rules: a box-drawing line if stdout can encode it, else a hyphen."""
    try:
        "\u2500".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return "-"
    return "\u2500"


def _width_of(text: str) -> int:
    """Return the width of a text in terminal columns."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _printable(text: str) -> str:
    # A terminal executes control characters, and Unicode's directional characters reorder the text.
    return "".join(
        letter if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"} else repr(letter)[1:-1] for letter in text
    )


def _escaped(text: str) -> str:
    # IPython keeps every output, and a text with one character beyond Latin-1 takes at least twice the memory.
    return html.escape(_printable(text)).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _row(row: Sequence[str]) -> str:
    style = f"{_CELL} {_PREFORMATTED}" if any("\n" in text or "  " in text for text in row) else _CELL
    cells = "".join(f'<td style="{style}">{_escaped(text)}</td>' for text in row)
    return f"<tr>{cells}</tr>"
