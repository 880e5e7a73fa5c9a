"""The free space of a SQLite file, which still contains deleted rows.

SQLite has no function that returns these bytes. The parser dissect.database 1.1 on PyPI defines the fields that lead to them, but reads
only the rows of tables. See https://www.sqlite.org/fileformat2.html, sections 1.5 (the freelist) and 1.6 (b-tree pages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"SQLite format 3\0"
_FILE_HEADER_SIZE = 100
_SMALLEST_PAGE = 512
_INTERIOR_PAGES = {0x02, 0x05}
_LEAF_PAGES = {0x0A, 0x0D}


def free_ranges(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each free range of a SQLite file.

    In a damaged file, only the ranges that can be determined are yielded.
    """
    size = _number(data, 16, 2)
    size = 65_536 if size == 1 else size
    if size < _SMALLEST_PAGE or size & (size - 1):
        return
    free_pages = set(_free_pages(data, size))
    for number in range(1, len(data) // size + 1):
        start = (number - 1) * size
        if number in free_pages:
            yield start, start + size
        else:
            yield from _free_ranges_of_page(data, start, size, _FILE_HEADER_SIZE if number == 1 else 0)


def _free_pages(data: bytes, size: int) -> Iterator[int]:
    """Yield the numbers of the pages in the freelist.

    The freelist is a linked list of trunk pages. Each trunk page lists leaf pages.
    """
    trunk = _number(data, 32, 4)
    seen: set[int] = set()
    while trunk and trunk not in seen and trunk * size <= len(data):
        seen.add(trunk)
        yield trunk
        start = (trunk - 1) * size
        leaves = min(_number(data, start + 4, 4), size // 4 - 2)
        for index in range(leaves):
            yield _number(data, start + 8 + 4 * index, 4)
        trunk = _number(data, start, 4)


def _free_ranges_of_page(data: bytes, start: int, size: int, header_offset: int) -> Iterator[tuple[int, int]]:
    """Yield the gap before the cells of a b-tree page, and the page's freeblocks."""
    header = start + header_offset
    kind = data[header]
    if kind not in _INTERIOR_PAGES | _LEAF_PAGES:
        # Overflow pages and pointer map pages have no free ranges.
        return
    cell_pointers_end = header + (12 if kind in _INTERIOR_PAGES else 8) + 2 * _number(data, header + 3, 2)
    content = start + (_number(data, header + 5, 2) or 65_536)
    yield cell_pointers_end, min(content, start + size)
    block = _number(data, header + 1, 2)
    while block and block + 4 <= size:
        yield start + block, start + block + _number(data, start + block + 2, 2)
        following = _number(data, start + block, 2)
        block = following if following > block else 0


def _number(data: bytes, start: int, length: int) -> int:
    """Return the big-endian integer of ``length`` bytes at ``start``."""
    return int.from_bytes(data[start : start + length], "big")
