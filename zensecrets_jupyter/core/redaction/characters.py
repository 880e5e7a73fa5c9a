"""Characters in UTF-8: a cut of bytes must not go through one."""

_GOES_ON = 0x80
"""The bytes 10xxxxxx go on with a character; RFC 3629."""
_MOST_MORE = 3
"""Bytes that go on with a character at most."""


def to_character(data: bytes, position: int, least: int = 0) -> int:
    """Return where the character of UTF-8 begins that ``position`` is in, or ``least`` if that comes later."""
    least = max(least, position - _MOST_MORE)
    while least < position < len(data) and data[position] & 0xC0 == _GOES_ON:
        position -= 1
    return position


def behind_character(data: bytes, position: int) -> int:
    """Return where the character of UTF-8 ends that ``position`` is in."""
    most = min(len(data), position + _MOST_MORE)
    while position < most and data[position] & 0xC0 == _GOES_ON:
        position += 1
    return position


_CONTINUATION = bytes(range(0x80, 0xC0))


def count_characters(data: bytes) -> int:
    """Return how many characters of UTF-8 begin in ``data``."""
    return len(data.translate(None, _CONTINUATION))


def common_length(one: bytes, other: bytes) -> int:
    """Return how many bytes the two begin with alike."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
