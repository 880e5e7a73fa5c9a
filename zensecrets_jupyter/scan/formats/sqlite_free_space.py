"""The free space of a SQLite file, which may still contain deleted rows.

This module parses the file itself. SQLite has no function that returns the free space, and the package dissect.database 1.1 reads only the
rows of tables. The format is https://www.sqlite.org/fileformat2.html, sections 1.5 (the freelist) and 1.6 (b-tree pages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"SQLite format 3\0"
"""The first bytes of every SQLite file."""
_FILE_HEADER_SIZE = 100
_SMALLEST_PAGE = 512
_INTERIOR_PAGE_TYPES = {0x02, 0x05}
_LEAF_PAGE_TYPES = {0x0A, 0x0D}
"""Types of the pages that are leaves of a b-tree. The leaf pages of the freelist are other pages: they have no type."""


def free_ranges(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each free range of a SQLite file.

    In a damaged file, only the ranges that can be determined are yielded.
    """
    # The file header has the page size at offset 16. 65,536 does not fit in the two bytes of the field, so it is written as 1.
    page_size = _number(data, 16, 2)
    page_size = 65_536 if page_size == 1 else page_size
    is_power_of_two = page_size & (page_size - 1) == 0
    if page_size < _SMALLEST_PAGE or not is_power_of_two:
        return
    free_pages = set(_free_pages(data, page_size))
    for page_number in range(1, len(data) // page_size + 1):
        start = (page_number - 1) * page_size
        if page_number in free_pages:
            yield start, start + page_size
        else:
            yield from _free_ranges_of_page(data, start, page_size, _FILE_HEADER_SIZE if page_number == 1 else 0)


def _free_pages(data: bytes, page_size: int) -> Iterator[int]:
    """Yield the numbers of the pages in the freelist.

    The freelist is a linked list of trunk pages. A trunk page has the number of the next trunk page, the number of its leaf pages, and the
    page number of each of these leaf pages. Every field has four bytes.
    """
    # The file header has the number of the first trunk page at offset 32.
    trunk_page = _number(data, 32, 4)
    # In a damaged file, the list may be a loop, or the number of leaf pages may be more than fits in a page.
    seen_pages: set[int] = set()
    while trunk_page and trunk_page not in seen_pages and trunk_page * page_size <= len(data):
        seen_pages.add(trunk_page)
        yield trunk_page
        start = (trunk_page - 1) * page_size
        leaf_count = min(_number(data, start + 4, 4), page_size // 4 - 2)
        for index in range(leaf_count):
            yield _number(data, start + 8 + 4 * index, 4)
        trunk_page = _number(data, start, 4)


def _free_ranges_of_page(data: bytes, start: int, page_size: int, header_offset: int) -> Iterator[tuple[int, int]]:
    """Yield the gap before the cells of a b-tree page, and the freeblocks between them.

    The page's header has the type at offset 0, the offset of the first freeblock at 1, the number of cells at 3, and the start of the cells
    at 5. It is 12 bytes long in an interior page and 8 bytes in a leaf page. The list of cell pointers, of two bytes each, follows.
    """
    header = start + header_offset
    page_type = data[header]
    if page_type not in _INTERIOR_PAGE_TYPES | _LEAF_PAGE_TYPES:
        # Overflow pages and pointer map pages have no free ranges.
        return
    cell_pointers_end = header + (12 if page_type in _INTERIOR_PAGE_TYPES else 8) + 2 * _number(data, header + 3, 2)
    # 0 means 65,536, which does not fit in two bytes.
    content_start = start + (_number(data, header + 5, 2) or 65_536)
    yield cell_pointers_end, min(content_start, start + page_size)
    block_offset = _number(data, header + 1, 2)
    # A freeblock begins with the offset of the next freeblock and its own size, of two bytes each.
    while block_offset and block_offset + 4 <= page_size:
        yield start + block_offset, start + block_offset + _number(data, start + block_offset + 2, 2)
        next_offset = _number(data, start + block_offset, 2)
        # In a valid file, offsets increase. In a damaged file, an offset may go back, and the loop would be endless.
        block_offset = next_offset if next_offset > block_offset else 0


def _number(data: bytes, start: int, length: int) -> int:
    """Return the big-endian integer of ``length`` bytes at ``start``."""
    return int.from_bytes(data[start : start + length], "big")
