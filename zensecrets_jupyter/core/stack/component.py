"""Stack components: their eleven types, what their attributes are, and how one reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.component_types import ComponentType  # noqa: TC001 - its annotations are read when a config is made
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive, secret_parts
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.stack import flavor_registry
from zensecrets_jupyter.core.stack.reference_model import ReferenceModel
from zensecrets_jupyter.core.stack.references import ReferenceResolver, Requirement, texts_in

if TYPE_CHECKING:
    from typing_extensions import Self


_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_DIGITS_OF_NAME = 3
# Random tokens of lower case and digits have more.


class StackComponentConfig(ReferenceModel):
    """The attributes of a stack component of one flavor.

    A subclass names its ``TYPE`` (a :class:`ComponentType` or its value) and its ``FLAVOR``, and its attributes as fields; the flavor is
    known as soon as the class is defined. Any string attribute may hold references, but for a
    :func:`~zensecrets_jupyter.core.fields.ClearTextField`; a :func:`~zensecrets_jupyter.core.fields.SecretField` is masked when shown, and
    so is a plain value of any other attribute whose name says that it is a secret, such as ``authentication_secret`` or ``api_token``.
    """

    TYPE: ClassVar[str] = ""
    FLAVOR: ClassVar[str] = ""
    IGNORED: ClassVar[dict[str, str]] = {}
    """Attributes of ZenML that are taken and left out, each with the reason as the end of a sentence."""

    def _build(self, data: dict[str, Any], *, clear: frozenset[str] = frozenset()) -> None:
        super()._build({name: value for name, value in data.items() if name not in self.IGNORED}, clear=clear)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the flavor known."""
        super().__pydantic_init_subclass__(**kwargs)
        if "FLAVOR" in cls.__dict__ and cls.FLAVOR:
            flavor_registry.add(cls)

    def _is_sensitive(self, name: str, value: Any) -> bool:
        """Tell whether an attribute is sealed and masked: a SecretField, and what looks like a secret unless it is the name of one."""
        field = type(self).model_fields.get(name)
        if field is not None and (is_secret_field(field) or is_clear_text_field(field)):
            return is_secret_field(field)
        return name not in self._separate.clear and looks_sensitive(name, value)

    def _texts_to_mask(self, name: str, value: Any) -> Iterator[str]:
        """Yield the texts of a sensitive value that the guard masks: of a mapping those that are secrets by their names."""
        field = type(self).model_fields.get(name)
        if field is not None and is_secret_field(field):
            return texts_in(value)
        named = [(key, text) for key, text in _named_texts(name, value) if looks_sensitive(key, text) and not _may_name_secret(key, text)]
        return (part for key, text in named for part in (text, *secret_parts(key, text)))

    @property
    def is_remote(self) -> bool:
        """Whether what it describes runs on another machine, which can't reach what only this one has.

        It is asked of the attributes as they were given: where one is a reference, what the property sees is its text.
        """
        return False

    @property
    def is_local(self) -> bool:
        """Whether what it describes can only be reached from this machine; asked like :attr:`is_remote`."""
        return False


class StackComponent:
    """A registered component: its name, type and flavor, and its attributes, which resolve their references when they are read.

    ``component.some_attribute`` is ``component.config.some_attribute``.
    """

    def __new__(cls, name: str, component_type: ComponentType, config: StackComponentConfig, **_: str) -> Self:  # noqa: ARG004 - those of __init__
        """Make one of a class that has the attributes of ``config``."""
        component: Any = cls
        found: type[Self] = _with_attributes_of(component, type(config))
        return super().__new__(found)

    def __init__(self, name: str, component_type: ComponentType, config: StackComponentConfig, *, id: str, flavor: str) -> None:  # noqa: A002 - ZenML's name
        """Hold what the workspace has registered."""
        self.name = name
        self.type = component_type
        self.config = config
        self.id = id
        self.flavor = flavor

    def __str__(self) -> str:
        """Return what errors call it, such as ``annotator 'labels'``."""
        return f"{self.type.words} {self.name!r}"

    def __repr__(self) -> str:
        """Return type, name, flavor and attributes, references unresolved."""
        return f"<{self} (flavor {self.flavor}): {self.config!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy by making another one of the same."""
        return _make, (self.name, self.type, self.config, self.id, self.flavor)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute that the config's class does not declare, resolved; errors as reading it from the config has them."""
        if name.startswith("__") or name == "config":
            raise AttributeError(name)
        return getattr(self.config, name)

    @property
    def is_remote(self) -> bool:
        """Whether it runs on another machine, which can't reach what only this one has; told without reading a value."""
        return self.config.with_raw_references().is_remote

    @property
    def is_local(self) -> bool:
        """Whether it can only be reached from this machine; told without reading a value."""
        return self.config.with_raw_references().is_local

    def bind_references(self, place: ReferenceResolver) -> StackComponent:
        """Return the same component, with its references resolved by ``place``."""
        return StackComponent(self.name, self.type, self.config.bind_references(place), id=self.id, flavor=self.flavor)

    def requirements(self) -> list[Requirement]:
        """Return each reference in the attributes, with the attribute that holds it."""
        return self.config.requirements(str(self))


def _named_texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each text in ``value`` with the name under which it stands."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named_texts(str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named_texts(name, item)


def _may_name_secret(name: str, text: str) -> bool:
    """Tell whether ``text`` looks like the name of a secret that is registered later: masking it would hide a name in every output."""
    few_digits = sum(character.isdigit() for character in text) <= _DIGITS_OF_NAME
    return name.endswith("secret") and few_digits and _PLAIN_NAME.fullmatch(text) is not None and not is_opaque(text)


def _make(name: str, component_type: ComponentType, config: StackComponentConfig, identity: str, flavor: str) -> StackComponent:
    return StackComponent(name, component_type, config, id=identity, flavor=flavor)


@lru_cache(maxsize=256)
def _with_attributes_of(component: Any, config: type[StackComponentConfig]) -> Any:
    """Return the class of components with such a config: found on it, an attribute costs no look-up that fails first."""
    taken = {*dir(component), "name", "type", "config", "id", "flavor"}
    attributes = {name: property(attrgetter(f"config.{name}")) for name in config.model_fields if name not in taken}
    return type(component.__name__, (component,), {"__module__": component.__module__, "__doc__": component.__doc__, **attributes})
