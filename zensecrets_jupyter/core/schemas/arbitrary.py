"""Schema of a secret with any keys."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

from pydantic import model_validator

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.schemas.interface import CHANGED_KEY, CONTENT_KEY, BaseSecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self


class ArbitrarySecretSchema(BaseSecretSchema):
    """A secret with any keys, all of them sensitive."""

    TYPE: ClassVar[str] = "arbitrary"

    arbitrary_kv_pairs: Mapping[str, str]
    """The keys and their values. An assignment changes only this object; ``update_secret`` changes the stored secret."""

    @classmethod
    def takes_any_key(cls) -> bool:
        """Return ``True``: the schema names no keys."""
        return True

    @model_validator(mode="before")
    @classmethod
    def _collect_pairs(cls, data: Any) -> Any:
        """Move keys outside ``arbitrary_kv_pairs`` into it.

        For example, ``name="n", token="t"`` becomes ``name="n", arbitrary_kv_pairs={"token": "t"}``.
        """
        nested = data.get("arbitrary_kv_pairs", {}) if isinstance(data, dict) else None
        if not isinstance(nested, Mapping):
            # Pydantic reports the wrong type.
            return data
        pairs = {key: value for key, value in data.items() if key not in {"name", "arbitrary_kv_pairs"}}
        return {"name": data.get("name"), "arbitrary_kv_pairs": {**nested, **pairs}}

    def __setattr__(self, name: str, value: Any) -> None:
        """Replace the keys and values; refuse any other attribute.

        Raises:
            InvalidSecretError: If a key or a value is not acceptable; the secret is then unchanged.
        """
        if name != "arbitrary_kv_pairs":
            # This call raises an AttributeError.
            super().__setattr__(name, value)
        # A new secret validates the content; its state replaces the state of this secret. The origin is then ``None``.
        self.__dict__.update(type(self)(name=self.name, arbitrary_kv_pairs=value).__dict__)
        # The copied pairs refer to the new secret, so they are created again.
        self.__dict__["arbitrary_kv_pairs"] = KeyValuePairs(self, self.__dict__[CONTENT_KEY])
        self.__dict__[CHANGED_KEY] = True

    @model_validator(mode="after")
    def _set_pairs(self) -> Self:
        pairs = {names.check_key(key, name=self.name): value for key, value in self.arbitrary_kv_pairs.items()}
        self.__dict__["arbitrary_kv_pairs"] = KeyValuePairs(self, pairs)
        self.__dict__[CONTENT_KEY] = pairs
        self._register_values()
        return self


class KeyValuePairs(MutableMapping[str, str]):
    """The content of an arbitrary secret, as a mutable mapping.

    Each change assigns the new content to the secret, which validates the content. If the secret no longer exists, only the mapping
    changes.
    """

    __slots__ = ("_pairs", "_secret")

    def __init__(self, secret: ArbitrarySecretSchema, pairs: dict[str, str]) -> None:
        """Store the content of ``secret``, and a weak reference to the secret."""
        self._secret = ref(secret)
        self._pairs = pairs

    def __getitem__(self, key: str) -> str:
        """Return the value of a key."""
        return self._pairs[key]

    def __setitem__(self, key: str, value: str) -> None:
        """Set a key; raises the errors of an assignment to ``arbitrary_kv_pairs``."""
        self._assign({**self._pairs, key: value})

    def __delitem__(self, key: str) -> None:
        """Delete a key."""
        pairs = dict(self._pairs)
        del pairs[key]
        self._assign(pairs)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(self._pairs)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._pairs)

    def __repr__(self) -> str:
        """Return the keys, each with the mask of its value."""
        secret = self._secret()
        return repr(secret.masked_content() if secret is not None else dict.fromkeys(self._pairs, "…"))

    def _assign(self, pairs: dict[str, str]) -> None:
        secret = self._secret()
        if secret is not None:
            setattr(secret, "arbitrary_kv_pairs", pairs)  # noqa: B010 - type checkers treat the attributes of a secret as read-only
            pairs = dict(secret.content)
        self._pairs = pairs
