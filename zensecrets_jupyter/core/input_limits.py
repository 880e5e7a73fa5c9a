"""How much a file from elsewhere may hold: one that was made to keep us busy, or to fill the memory, is refused within a second or two."""

from __future__ import annotations

from typing import Any

LARGEST = 16 * 1024 * 1024
"""Bytes of a file."""
LARGEST_YAML = 2 * 1024 * 1024
"""Characters of a YAML text: its parser takes a second or two for as many."""
MOST_VALUES = 50_000
"""Values in a file; what an alias of YAML stands for counts each time."""
DEEPEST = 20
"""How deep lists and mappings may stand in each other in YAML."""

TOO_MANY = f"holds more than {MOST_VALUES:,} values"


def problem_with_yaml(text: str) -> str:
    """Return which limit a YAML text goes over, as the end of a sentence, or nothing; what is no YAML goes over none.

    Nothing of the text is built for it: 300 bytes of aliases may stand for more than any memory holds.
    """
    import yaml

    if len(text) > LARGEST_YAML:
        return f"holds more than {LARGEST_YAML // 1024 // 1024} MiB of YAML"
    sizes: dict[str, int] = {}
    # Of each list and mapping that has begun: its anchor, and how many values are in it so far. The first is the text itself.
    begun: list[tuple[str | None, int]] = [(None, 0)]
    try:
        for event in yaml.parse(text, Loader=yaml_loader()):
            if isinstance(event, yaml.CollectionStartEvent):
                begun.append((event.anchor, 1))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, size = begun.pop()
                _count(begun, sizes, anchor, size)
            elif isinstance(event, yaml.ScalarEvent):
                _count(begun, sizes, event.anchor, 1)
            elif isinstance(event, yaml.AliasEvent):
                _count(begun, sizes, None, sizes.get(event.anchor or "", 1))
            # A mapping's keys are counted too.
            if begun[-1][1] > 2 * MOST_VALUES:
                return TOO_MANY
            if len(begun) > DEEPEST + 1:
                return f"is nested more than {DEEPEST} deep"
    except (yaml.YAMLError, RecursionError):
        pass
    return ""


def yaml_loader() -> Any:
    """Return PyYAML's safe loader: the one in C where it is installed, which is ten times as fast."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _count(begun: list[Any], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    outer, count = begun[-1]
    begun[-1] = (outer, count + size)
    if anchor is not None:
        sizes[anchor] = size
