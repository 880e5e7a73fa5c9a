"""The content of a secret with any keys, as something whose keys can be set."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.schemas.interface import ArbitrarySecretSchema


class KeyValuePairs(MutableMapping[str, str]):
    """The content of an arbitrary secret; setting or deleting a key assigns the changed content to the secret, which checks it."""

    __slots__ = ("_pairs", "_secret")

    def __init__(self, secret: ArbitrarySecretSchema, pairs: dict[str, str]) -> None:
        """Be the content of ``secret``, which is not kept alive by it."""
        self._secret = ref(secret)
        self._pairs = pairs

    def __getitem__(self, key: str) -> str:
        """Return the value of a key."""
        return self._pairs[key]

    def __setitem__(self, key: str, value: str) -> None:
        """Set a key; errors as assigning the whole content has them."""
        self._assign({**self._pairs, key: value})

    def __delitem__(self, key: str) -> None:
        """Take out a key."""
        pairs = dict(self._pairs)
        del pairs[key]
        self._assign(pairs)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self._pairs)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._pairs)

    def __repr__(self) -> str:
        """Return the pairs, each value masked."""
        secret = self._secret()
        return repr(secret.masked_content() if secret is not None else dict.fromkeys(self._pairs, "…"))

    def _assign(self, pairs: dict[str, str]) -> None:
        secret = self._secret()
        if secret is not None:
            setattr(secret, "arbitrary_kv_pairs", pairs)  # noqa: B010 - to a type checker a secret is frozen
            pairs = dict(secret.content)
        self._pairs = pairs
