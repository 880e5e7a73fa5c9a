"""Limits for input files, which prevent excessive use of memory and time.

Within the limits, reading a file takes about two seconds at most.
"""

from __future__ import annotations

from typing import Any

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Maximum size of a file in bytes."""
MAX_YAML_CHARACTERS = 2 * 1024 * 1024
"""Maximum length of a YAML text in characters. PyYAML parses a text of this length in one or two seconds."""
MAX_VALUES = 50_000
"""Maximum number of values in a file. Each use of a YAML alias counts as all values of its content."""
MAX_DEPTH = 20
"""Maximum depth of nested lists and mappings in YAML."""

TOO_MANY_VALUES = f"holds more than {MAX_VALUES:,} values"
"""The predicate of an error about a file that exceeds :data:`MAX_VALUES`."""


def describe_exceeded_yaml_limit(text: str) -> str:
    """Return the exceeded limit of a YAML text, such as ``is nested more than 20 deep``, or an empty text.

    The function reads parser events and builds no objects, because 300 bytes of nested aliases can expand to more data than fits in memory.
    For invalid YAML, the result is empty if no limit is exceeded before the error. The caller parses the text, and reports the error.
    """
    import yaml

    if len(text) > MAX_YAML_CHARACTERS:
        return f"holds more than {MAX_YAML_CHARACTERS // 1024 // 1024} MiB of YAML"
    sizes_by_anchor: dict[str, int] = {}
    # The open lists and mappings, each with its anchor and its number of values so far; the first entry is the whole text.
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    try:
        for event in yaml.parse(text, Loader=yaml_loader()):
            if isinstance(event, yaml.CollectionStartEvent):
                open_nodes.append((event.anchor, 1))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, size = open_nodes.pop()
                _add_size(open_nodes, sizes_by_anchor, anchor, size)
            elif isinstance(event, yaml.ScalarEvent):
                _add_size(open_nodes, sizes_by_anchor, event.anchor, 1)
            elif isinstance(event, yaml.AliasEvent):
                # An alias inside the node that it repeats counts as 1, because the size of that node is not known yet.
                _add_size(open_nodes, sizes_by_anchor, None, sizes_by_anchor.get(event.anchor or "", 1))
            # The limit is doubled, because the parser events include the keys of mappings. For the depth, the whole text adds 1.
            if open_nodes[-1][1] > 2 * MAX_VALUES:
                return TOO_MANY_VALUES
            if len(open_nodes) > MAX_DEPTH + 1:
                return f"is nested more than {MAX_DEPTH} deep"
    except (yaml.YAMLError, RecursionError):
        pass
    return ""


def yaml_loader() -> Any:
    """Return the safe loader of PyYAML, if possible in its C version."""
    # The C version is ten times as fast. It is missing in some installations.
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _add_size(open_nodes: list[Any], sizes_by_anchor: dict[str, int], anchor: str | None, size: int) -> None:
    """Add the number of values of a node to the node that contains it, and store the number for aliases of ``anchor``."""
    outer_anchor, outer_size = open_nodes[-1]
    open_nodes[-1] = (outer_anchor, outer_size + size)
    if anchor is not None:
        sizes_by_anchor[anchor] = size
