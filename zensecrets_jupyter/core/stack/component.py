"""Stack components, and the base class of the configs that hold their attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.component_types import ComponentType  # noqa: TC001 - pydantic reads the annotations of a config
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive, secret_fragments
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.stack import flavor_registry
from zensecrets_jupyter.core.stack.reference_model import ReferenceModel
from zensecrets_jupyter.core.stack.references import ReferenceResolver, Requirement, texts_in

if TYPE_CHECKING:
    from typing_extensions import Self


_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""A text that may be the name of a secret: at most 40 lower-case letters, digits, ``_`` and ``-``."""
_MAX_DIGITS_OF_NAME = 3
"""A text with more digits is probably a random token and not a name."""


class StackComponentConfig(ReferenceModel):
    """The attributes of a stack component of one flavor.

    A subclass sets ``TYPE`` (a :class:`ComponentType` or its value) and ``FLAVOR``, and declares its attributes as fields. Defining the
    class registers the flavor. Any text attribute may hold references, except a
    :func:`~zensecrets_jupyter.core.fields.ClearTextField`.

    The value of a :func:`~zensecrets_jupyter.core.fields.SecretField` is masked. The plain value of another attribute is masked if the
    name of the attribute or the content of the value suggests a secret. Examples are an attribute ``api_token``, and a URL with a password.
    """

    TYPE: ClassVar[str] = ""
    FLAVOR: ClassVar[str] = ""
    IGNORED: ClassVar[dict[str, str]] = {}
    """Attributes of ZenML that are accepted and ignored, each with the reason as the end of a sentence."""

    def _build(self, data: dict[str, Any], *, clear_names: frozenset[str] = frozenset()) -> None:
        # The ignored attributes of ZenML are removed before pydantic, which would refuse them as unknown.
        super()._build({name: value for name, value in data.items() if name not in self.IGNORED}, clear_names=clear_names)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register the flavor, unless the class inherits its ``FLAVOR``."""
        super().__pydantic_init_subclass__(**kwargs)
        if "FLAVOR" in cls.__dict__ and cls.FLAVOR:
            flavor_registry.add(cls)

    def _is_sensitive(self, name: str, value: Any) -> bool:
        """Return whether an attribute is encrypted and masked: a SecretField, or a probable secret.

        An attribute that the workspace already stores in clear text is not a probable secret.
        """
        field = type(self).model_fields.get(name)
        if field is not None and (is_secret_field(field) or is_clear_text_field(field)):
            return is_secret_field(field)
        return name not in self._separate.clear_names and looks_sensitive(name, value)

    def _texts_to_mask(self, name: str, value: Any) -> Iterator[str]:
        """Yield the texts of a sensitive value that the guard masks in outputs.

        All texts of a SecretField are masked. In another attribute, a text is masked if the name of the attribute, the key of the text in a
        dict, or the text itself suggests a secret. A text that may be the name of a secret is not masked. The secret fragments of a masked
        text, such as a password in a URL, are masked too, because they may also be shown without the rest of the text.
        """
        field = type(self).model_fields.get(name)
        if field is not None and is_secret_field(field):
            yield from texts_in(value)
            return
        for key, text in _named_texts(name, value):
            if looks_sensitive(key, text) and not _may_name_secret(key, text):
                yield text
                yield from secret_fragments(key, text)

    @property
    def is_remote(self) -> bool:
        """Whether the component runs on another machine, from which local components can't be reached.

        :class:`StackComponent` reads this property from a copy with unresolved references, so an override of it reads no secret.
        """
        return False

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the component.

        :class:`StackComponent` reads this property from a copy with unresolved references, so an override of it reads no secret.
        """
        return False


class StackComponent:
    """A registered component: its name, type, flavor and attributes. Reading an attribute resolves its references.

    ``component.some_attribute`` is ``component.config.some_attribute``.
    """

    def __new__(cls, name: str, component_type: ComponentType, config: StackComponentConfig, **_: str) -> Self:  # noqa: ARG004 - __new__ gets the arguments of __init__
        """Return an instance of a subclass that has the attributes of ``config``."""
        component_class: Any = cls
        subclass: type[Self] = _subclass_with_attributes(component_class, type(config))
        return super().__new__(subclass)

    def __init__(self, name: str, component_type: ComponentType, config: StackComponentConfig, *, id: str, flavor: str) -> None:  # noqa: A002 - ZenML calls this argument id
        """Set the attributes of a component.

        Args:
            name: The name of the component.
            component_type: Its type.
            config: The attributes of its flavor.
            id: The id of its registration.
            flavor: The name of its flavor.
        """
        self.name = name
        self.type = component_type
        self.config = config
        self.id = id
        self.flavor = flavor

    def __str__(self) -> str:
        """Return the name in errors, such as ``annotator 'labels'``."""
        return f"{self.type.label} {self.name!r}"

    def __repr__(self) -> str:
        """Return type, name, flavor and attributes, with references unresolved."""
        return f"<{self} (flavor {self.flavor}): {self.config!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the function and arguments that recreate the component."""
        return _create_component, (self.name, self.type, self.config, self.id, self.flavor)

    def __getattr__(self, name: str) -> Any:
        """Return the resolved value of a config attribute without a property.

        For example, the attributes of a custom flavor have no properties.
        """
        if name.startswith("__") or name == "config":
            # pickle and copy look for special methods before "config" is set. Reading "config" would then call this method without end.
            raise AttributeError(name)
        return getattr(self.config, name)

    @property
    def is_remote(self) -> bool:
        """Whether the component runs on another machine; the check resolves no reference."""
        return self.config.with_unresolved_references().is_remote

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the component; the check resolves no reference."""
        return self.config.with_unresolved_references().is_local

    def bind_references(self, resolver: ReferenceResolver) -> StackComponent:
        """Return a copy of the component whose references ``resolver`` resolves."""
        return StackComponent(self.name, self.type, self.config.bind_references(resolver), id=self.id, flavor=self.flavor)

    def requirements(self) -> list[Requirement]:
        """Return each reference in the attributes with the attribute that holds it."""
        return self.config.requirements(str(self))


def _named_texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each text in ``value`` with its key in the nearest dict, or with the attribute ``name`` if there is no dict around it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named_texts(str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named_texts(name, item)


def _may_name_secret(name: str, text: str) -> bool:
    """Return whether ``text`` may be the name of a secret, which is not masked.

    ``name`` is the attribute or key that holds the text. An attribute such as ``authentication_secret`` may have the name of a secret as
    its value. A text that looks random (:func:`is_opaque`) is no name.
    """
    has_few_digits = sum(character.isdigit() for character in text) <= _MAX_DIGITS_OF_NAME
    return name.endswith("secret") and has_few_digits and _PLAIN_NAME.fullmatch(text) is not None and not is_opaque(text)


def _create_component(
    name: str, component_type: ComponentType, config: StackComponentConfig, component_id: str, flavor: str
) -> StackComponent:
    """Return a component; pickle passes all arguments by position, which ``StackComponent`` does not accept."""
    return StackComponent(name, component_type, config, id=component_id, flavor=flavor)


@lru_cache(maxsize=256)
def _subclass_with_attributes(component_class: Any, config_class: type[StackComponentConfig]) -> Any:
    """Return a subclass of ``component_class`` with a property for each attribute of ``config_class``."""
    # Each attribute gets a property, because reading it is faster than a call of __getattr__.
    existing_names = {*dir(component_class), "name", "type", "config", "id", "flavor"}
    members = {name: property(attrgetter(f"config.{name}")) for name in config_class.model_fields if name not in existing_names}
    members |= {"__module__": component_class.__module__, "__doc__": component_class.__doc__}
    return type(component_class.__name__, (component_class,), members)
