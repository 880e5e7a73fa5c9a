"""Materializers: classes that write an output of a step to its folder, and read it."""

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
    """Base class of materializers, with ZenML's interface.

    A subclass defines ``save`` and ``load``, or ``handle_return`` and ``handle_input`` as in ZenML before 0.40. ``save`` and
    ``handle_return`` write an output of a step to a folder, and the other two methods read it. They may open files below ``self.uri``, or
    use ``self.artifact.write`` and ``self.artifact.read``. ``artifact.write`` works on every store, and its local files are private.

    A step uses the subclass for the outputs that its ``output_materializers`` name, and by default for outputs of the types in
    ``ASSOCIATED_TYPES``.
    """

    ASSOCIATED_TYPES: ClassVar[Any] = ()
    """The supported types, for which the class becomes the default. An empty tuple supports every type and sets no default."""
    ASSOCIATED_ARTIFACT_TYPES: ClassVar[Any] = ()
    """The kind of artifact in ZenML 0.20; ignored here."""
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[Any] = None
    """The kind of artifact in later versions of ZenML; ignored here."""
    SKIP_REGISTRATION: ClassVar[bool] = False
    """``True`` prevents the class from becoming the default for its types. A subclass does not inherit this attribute."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class as the default for its types.

        A subclass that does not define ``ASSOCIATED_TYPES`` itself inherits the types, and is not registered.

        Raises:
            MaterializerInterfaceError: If an item of ``ASSOCIATED_TYPES`` is no type.
        """
        super().__init_subclass__(**kwargs)
        if "ASSOCIATED_TYPES" not in cls.__dict__:
            return
        types = cls.ASSOCIATED_TYPES
        if not isinstance(types, (tuple, list, set, frozenset)):
            types = (types,)
        wrong_item = next((item for item in types if not isinstance(item, type)), None)
        if wrong_item is not None:
            message = f"{cls.__name__}.ASSOCIATED_TYPES holds {type_with_article(wrong_item)}, which is no type."
            raise MaterializerInterfaceError(message, hint="Write the classes: ASSOCIATED_TYPES = (MyClass,).")
        cls.ASSOCIATED_TYPES = tuple(types)
        if not cls.__dict__.get("SKIP_REGISTRATION", False):
            _default_materializers().update(dict.fromkeys(types, cls))

    def __init__(self, artifact: ArtifactFolder) -> None:
        """Use the folder of an output; ZenML calls the folder ``artifact``.

        The folder exists before :meth:`save` is called.
        """
        self.artifact = artifact

    @property
    def uri(self) -> str:
        """The local path or URL of the folder."""
        return self.artifact.uri

    @property
    def artifact_store(self) -> FileIO:
        """The file functions of the artifact store, such as ``open`` and ``copy``."""
        return self.artifact.files.io()

    def save(self, data: Any) -> None:
        """Write the output of the step."""
        self.handle_return(data)

    def load(self, data_type: type[Any] = object) -> Any:
        """Return the written output; ``data_type`` is its declared type."""
        return self.handle_input(data_type)

    def handle_return(self, data: Any) -> None:
        """Check that the type of ``data`` is supported; this base method writes nothing.

        A subclass overrides the method, calls ``super().handle_return(data)`` first and then writes the output.

        Raises:
            MaterializerInterfaceError: If the type is not supported.
        """
        self._check_type(type(data))

    def handle_input(self, data_type: type[Any] = object) -> Any:
        """Check that ``data_type`` is supported; this base method reads nothing.

        A subclass overrides the method, calls ``super().handle_input(data_type)`` first and then returns the output.

        Raises:
            MaterializerInterfaceError: If the type is not supported.
        """
        self._check_type(data_type)

    @classmethod
    def can_write(cls) -> bool:
        """Return whether the class defines a method that writes an output."""
        return any(getattr(cls, name) is not getattr(BaseMaterializer, name) for name in ("save", "handle_return"))

    def _check_type(self, data_type: Any) -> None:
        """Raise MaterializerInterfaceError if the type is not supported."""
        data_class = get_origin(data_type) or data_type
        # ``object`` is the type of an output without a declared type. An annotation such as a union is no class and is not checked.
        if not self.ASSOCIATED_TYPES or data_class is object or not isinstance(data_class, type):
            return
        if issubclass(data_class, self.ASSOCIATED_TYPES):
            return
        supported_names = ", ".join(item.__qualname__ for item in self.ASSOCIATED_TYPES)
        message = f"{type(self).__name__} can't store or load {with_article(data_class.__qualname__)}: it supports {supported_names}."
        raise MaterializerInterfaceError(message, hint="Add the type to ASSOCIATED_TYPES, or use another materializer for the output.")


class PickleMaterializer(BaseMaterializer):
    """Writes an output with cloudpickle; the default for types without another default.

    A run does not call these methods: ``store_output`` and ``Artifact.read`` pickle and unpickle an output directly. The methods exist for
    code that creates a materializer itself, for example in a step.
    """

    def handle_return(self, data: Any) -> None:
        """Write the output of the step."""
        self.artifact.write(VALUE_FILE, pickling.dump(data, f"The output in {self.artifact.uri}").data)

    def handle_input(self, data_type: type[Any] = object) -> Any:  # noqa: ARG002 - ZenML's signature; a pickle contains its type
        """Return the written output."""
        return pickling.load(self.artifact.read(VALUE_FILE), f"The output in {self.artifact.uri}")


def materializer_for(declared_type: Any) -> type[BaseMaterializer]:
    """Return the default materializer for a declared type or its nearest base class with a default."""
    defaults = _default_materializers()
    return next((defaults[base] for base in class_of(declared_type).__mro__ if base in defaults), PickleMaterializer)


def class_of(declared_type: Any) -> type[Any]:
    """Return the class of a declared type, such as ``list`` for ``list[int]``; ``object`` if the type is no single class."""
    cls = get_origin(declared_type) or declared_type
    return cls if isinstance(cls, type) else object


def _default_materializers() -> dict[type[Any], type[BaseMaterializer]]:
    """Return the default materializers by type."""
    return process_global("steps.materializers", dict)
