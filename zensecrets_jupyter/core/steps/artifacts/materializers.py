"""Materializers write an output of a step to its folder and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, get_origin

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import MaterializerInterfaceError
from zensecrets_jupyter.core.names import type_with_article, with_article
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFolder
    from zensecrets_jupyter.core.steps.artifacts.fileio import FileIO

VALUE_FILE = "value.pkl"
"""The name of the file of a pickled output."""


class BaseMaterializer:
    """Writes what a step returns to its folder, and reads it from there; ZenML's interface.

    A subclass has ``save`` and ``load``, or as up to ZenML 0.3x ``handle_return`` and ``handle_input``. It keeps files below ``self.uri``,
    or through ``self.artifact.write`` and ``read``, which work on every store and keep the files private. It is used for the outputs that
    name it, and for all of the types in ``ASSOCIATED_TYPES`` that name none.
    """

    ASSOCIATED_TYPES: ClassVar[Any] = ()
    """The types that it writes, for which it becomes the default; empty for any type and no default."""
    ASSOCIATED_ARTIFACT_TYPES: ClassVar[Any] = ()
    """The kind of artifact in ZenML 0.20; ignored here."""
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[Any] = None
    """The kind of artifact in later versions of ZenML; ignored here."""
    SKIP_REGISTRATION: ClassVar[bool] = False
    """Whether it does not become the default for its types; a subclass does not inherit it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class as the default for its types.

        Raises:
            MaterializerInterfaceError: If an item of ``ASSOCIATED_TYPES`` is no type.
        """
        super().__init_subclass__(**kwargs)
        if "ASSOCIATED_TYPES" not in cls.__dict__:
            return
        kept = cls.ASSOCIATED_TYPES if isinstance(cls.ASSOCIATED_TYPES, (tuple, list, set, frozenset)) else (cls.ASSOCIATED_TYPES,)
        wrong = next((kind for kind in kept if not isinstance(kind, type)), None)
        if wrong is not None:
            message = f"{cls.__name__}.ASSOCIATED_TYPES holds {type_with_article(wrong)}, which is no type."
            raise MaterializerInterfaceError(message, hint="Write the classes: ASSOCIATED_TYPES = (MyClass,).")
        cls.ASSOCIATED_TYPES = tuple(kept)
        if not cls.__dict__.get("SKIP_REGISTRATION", False):
            _defaults().update(dict.fromkeys(kept, cls))

    def __init__(self, artifact: ArtifactFolder) -> None:
        """Use the folder ``artifact``, which exists when :meth:`save` is called."""
        self.artifact = artifact

    @property
    def uri(self) -> str:
        """The folder as a local path or a URL."""
        return self.artifact.uri

    @property
    def artifact_store(self) -> FileIO:
        """The file functions of the artifact store: open, list, copy."""
        return self.artifact.files.io()

    def save(self, data: Any) -> None:
        """Write the value that the step returned."""
        self.handle_return(data)

    def load(self, data_type: type[Any] = object) -> Any:
        """Return the written value; ``data_type`` is the declared type of the output, by default ``object``."""
        return self.handle_input(data_type)

    def handle_return(self, data: Any) -> None:
        """Check the type of ``data``; a subclass calls this first.

        Raises:
            MaterializerInterfaceError: If the type is not supported.
        """
        self._check_type(type(data))

    def handle_input(self, data_type: type[Any] = object) -> Any:
        """Check the type to read; a subclass calls this first.

        Raises:
            MaterializerInterfaceError: If the type is not supported.
        """
        self._check_type(data_type)

    @classmethod
    def is_whole(cls) -> bool:
        """Return whether the class defines how to write a value."""
        return any(getattr(cls, name) is not getattr(BaseMaterializer, name) for name in ("save", "handle_return"))

    def _check_type(self, data_type: Any) -> None:
        kind = get_origin(data_type) or data_type
        if not self.ASSOCIATED_TYPES or kind is object or not isinstance(kind, type) or issubclass(kind, self.ASSOCIATED_TYPES):
            return
        known = ", ".join(one.__qualname__ for one in self.ASSOCIATED_TYPES)
        message = f"{type(self).__name__} can't keep {with_article(kind.__qualname__)}: it keeps {known}."
        raise MaterializerInterfaceError(message, hint="Add the type to ASSOCIATED_TYPES, or give the output another materializer.")


class PickleMaterializer(BaseMaterializer):
    """Writes a value with cloudpickle; the default of every output."""

    def handle_return(self, data: Any) -> None:
        """Write the value that the step returned."""
        self.artifact.write(VALUE_FILE, pickling.dump(data, f"What is written to {self.artifact.uri}").data)

    def handle_input(self, data_type: type[Any] = object) -> Any:  # noqa: ARG002 - ZenML's signature; a pickle knows its type
        """Return the written value."""
        return pickling.load(self.artifact.read(VALUE_FILE), f"What is kept in {self.artifact.uri}")


def materializer_for(declared: Any) -> type[BaseMaterializer]:
    """Return the default materializer for a declared type: that of its class or its nearest base class."""
    kind = class_of(declared)
    defaults = _defaults()
    return next((defaults[base] for base in kind.__mro__ if base in defaults), PickleMaterializer) if defaults else PickleMaterializer


def class_of(declared: Any) -> type[Any]:
    """Return the class of a declared type, ``object`` if it is not a single class."""
    kind = get_origin(declared) or declared
    return kind if isinstance(kind, type) else object


def _defaults() -> dict[type[Any], type[BaseMaterializer]]:
    return process_global("steps.materializers", dict)
