"""Which bytes of a SQLite file hold nothing that is still there: what was deleted stays in them.

See https://www.sqlite.org/fileformat2.html, sections 1.5 (the freelist) and 1.6 (b-tree pages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"SQLite format 3\0"
_HEADER = 100
_SMALLEST_PAGE = 512
_INTERIOR = {0x02, 0x05}
_LEAVES = {0x0A, 0x0D}


def unused(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a SQLite file that are free; of a damaged one, as many as can be told."""
    size = _number(data, 16, 2)
    size = 65_536 if size == 1 else size
    if size < _SMALLEST_PAGE or size & (size - 1):
        return
    free = set(_free_pages(data, size))
    for number in range(1, len(data) // size + 1):
        start = (number - 1) * size
        if number in free:
            yield start, start + size
        else:
            yield from _free_in_page(data, start, size, _HEADER if number == 1 else 0)


def _free_pages(data: bytes, size: int) -> Iterator[int]:
    trunk = _number(data, 32, 4)
    seen: set[int] = set()
    while trunk and trunk not in seen and trunk * size <= len(data):
        seen.add(trunk)
        yield trunk
        start = (trunk - 1) * size
        leaves = min(_number(data, start + 4, 4), size // 4 - 2)
        for place in range(leaves):
            yield _number(data, start + 8 + 4 * place, 4)
        trunk = _number(data, start, 4)


def _free_in_page(data: bytes, start: int, size: int, header: int) -> Iterator[tuple[int, int]]:
    at = start + header
    kind = data[at]
    if kind not in _INTERIOR | _LEAVES:
        # The page goes on with a long row, or maps others: all of it is in use.
        return
    cells = at + (12 if kind in _INTERIOR else 8) + 2 * _number(data, at + 3, 2)
    content = start + (_number(data, at + 5, 2) or 65_536)
    yield cells, min(content, start + size)
    block = _number(data, at + 1, 2)
    while block and block + 4 <= size:
        yield start + block, start + block + _number(data, start + block + 2, 2)
        following = _number(data, start + block, 2)
        block = following if following > block else 0


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")
