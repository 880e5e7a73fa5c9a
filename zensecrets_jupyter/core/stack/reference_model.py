"""Models whose fields may hold references: the attributes of components, and the settings of steps and pipelines.

A field that holds a reference keeps its text, which is not validated: the field's validators run on what it resolves to, when it is read.
Such texts are taken out of the instance's ``__dict__``, so that reading them comes by a descriptor of the class, while every other field is
read at the speed of any pydantic model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, ValidationInfo, model_serializer, model_validator

from zensecrets_jupyter.core import names, redaction, reference
from zensecrets_jupyter.core.errors import InvalidComponentError, NotInStackError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field
from zensecrets_jupyter.core.names import a_type
from zensecrets_jupyter.core.reference import RawText, SecretReference
from zensecrets_jupyter.core.stack.references import RESOLVED, STORED, held, holds_reference, texts, wrap_fields
from zensecrets_jupyter.core.value import unregistered

if TYPE_CHECKING:
    from pydantic_core import CoreSchema
    from typing_extensions import Self

# Keys of an instance's __dict__ that no field can be called, with the underscore that pydantic leaves out when it iterates.
_TEMPLATES = "_(templates)"
_LITERALS = "_(literals)"
_PLACE = "_(place)"
_READERS = "_(readers)"
_HIDDEN = "_(hidden)"
CLEAR = "_(clear)"

names_in_clear: ContextVar[frozenset[str]] = ContextVar("zensecrets_names_in_clear", default=frozenset())
"""The fields that were stored in clear, of the model that is being built just now."""

_plain_text: WeakKeyDictionary[type[ReferenceModel], dict[str, bool]] = WeakKeyDictionary()


class ReferenceResolver(Protocol):
    """Where a model hangs: what resolves its references, and what errors call it."""

    def __str__(self) -> str:
        """Return what errors call it, such as ``annotator 'labels'``."""

    def resolve(self, text: str) -> str:
        """Return ``text`` with its references resolved; errors as :meth:`Stack.resolve` has them."""

    def reader(self, text: str) -> Callable[[], str]:
        """Return what gives ``text`` resolved each time that it is called."""


class Requirement(NamedTuple):
    """One reference, and the attribute that holds it; ``owner`` is what errors call the model, such as ``annotator 'labels'``.

    A reference with an empty key is the need for a secret as a whole.
    """

    owner: str
    attribute: str
    reference: SecretReference


class RequiresSecrets(Protocol):
    """Something that needs secrets, such as a model whose fields hold references."""

    def requirements(self, owner: str) -> list[Requirement]:
        """Return what it needs; ``owner`` is what errors shall call it."""


class _Field:
    """Reads a field that holds references, for it is not in the instance's ``__dict__``; where it is, Python never asks here.

    ``__getattr__`` would do the same after a look-up that fails, which takes longer than all the rest.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, model: ReferenceModel | None, owner: type[ReferenceModel]) -> Any:
        if model is None:
            # As in any pydantic model, a field is no attribute of the class.
            raise AttributeError(self._name)
        return model.__getattr__(self._name)


class _HiddenValues(dict[str, Any]):
    """The sensitive plain values of a model, out of its ``__dict__``: they show as masks and do not pickle."""

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {_mark(name)}' for name in self)}}}"

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self:
            raise unregistered(_mark(next(iter(self))))
        return _HiddenValues, ()


class ReferenceModel(BaseModel):
    """A model whose string fields, and the strings in its lists and dicts, may hold references.

    ``repr``, ``model_dump`` and JSON show the references, never what they stand for. Instances do not change.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, protected_namespaces=())

    def __init__(self, /, **data: Any) -> None:
        """Check the fields.

        Raises:
            InvalidReferenceError: If a text is nearly a reference, or a reference stands where none may stand.
            InvalidComponentError: If a field is missing, unknown or has an unacceptable value; it says which and never the value.
        """
        self._build(data, None)

    @classmethod
    def from_stored(cls, data: Mapping[str, Any], *, clear: Collection[str] = ()) -> Self:
        """Return the model that :meth:`stored` gave ``data`` of; errors as from the constructor.

        Args:
            data: The fields.
            clear: Those of the fields that were stored in clear: what looks like a secret's value there is the name of a secret.
        """
        self = cls.__new__(cls)
        token = names_in_clear.set(frozenset(clear))
        try:
            self._build(_with_literals(data), STORED)
        finally:
            names_in_clear.reset(token)
        return self

    @classmethod
    def merged(cls, stored: Mapping[str, Any], given: Mapping[str, Any]) -> Self:
        """Return the model of the fields in ``given`` over those ``stored``; errors as from the constructor."""
        return cls(**{**_with_literals(stored), **given})

    def stored(self) -> dict[str, Any]:
        """Return the fields that were given, for storing: references as their text, and sensitive plain values in clear."""
        literals = self.__dict__[_LITERALS]
        return {
            name: {"$literal": str(value)} if name in literals else value for name, value in self._raw() if name in self.model_fields_set
        }

    def _build(self, data: dict[str, Any], context: dict[str, Any] | None) -> None:
        literals = frozenset(name for name, value in data.items() if isinstance(value, RawText))
        problem: ZenSecretsError | None = None
        token = held.set(set())
        try:
            type(self).__pydantic_validator__.validate_python(data, self_instance=self, context=context)
        except ValidationError as error:
            problem = _explain(type(self), error)
        finally:
            held.reset(token)
        if problem:
            raise problem
        self.__dict__[_LITERALS] = literals

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Have the fields read by a descriptor where they hold references."""
        super().__pydantic_init_subclass__(**kwargs)
        for name in cls.model_fields:
            setattr(cls, name, _Field(name))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Put our own check around each field's, outside of the validators that a subclass declares."""
        schema = handler(source)
        wrap_fields(cls, handler.resolve_ref_schema(schema))
        return schema

    @model_validator(mode="after")
    def _take_templates_out(self, info: ValidationInfo) -> Self:
        # A default is not validated, hence not found to hold references on its way here.
        found = [*(held.get() or ()), *(self._defaults_with_references() if info.context is not RESOLVED else ())]
        present = {name: self.__dict__.pop(name) for name in found if name in self.__dict__}
        extra = self.__pydantic_extra__ or {}
        for name in [name for name, value in extra.items() if holds_reference(name, value, info.context)]:
            present[name] = extra.pop(name)
        # When one field is assigned, the templates of the others are here already.
        self.__dict__[_TEMPLATES] = {**self.__dict__.get(_TEMPLATES, {}), **present}
        self.__dict__.setdefault(_LITERALS, frozenset())
        self.__dict__.setdefault(CLEAR, names_in_clear.get())
        if info.context is not RESOLVED:
            self._hide_plain_values()
        return self

    def _hide_plain_values(self) -> None:
        extra = self.__pydantic_extra__ or {}
        hidden = _HiddenValues(self.__dict__.get(_HIDDEN, {}))
        for values in (self.__dict__, extra):
            for name, value in list(values.items()):
                if (name in type(self).model_fields or values is extra) and value and self._is_sensitive(name, value):
                    hidden[name] = values.pop(name)
                    for text in self._masked_texts(name, value):
                        redaction.the_redactor().protect(str.__str__(text), name)
        self.__dict__[_HIDDEN] = hidden

    def _masked_texts(self, name: str, value: Any) -> Iterator[str]:  # noqa: ARG002 - a subclass looks at the name
        """Yield the texts of a sensitive value that the guard masks in outputs."""
        return texts(value)

    def _is_sensitive(self, name: str, value: Any) -> bool:  # noqa: ARG002 - a subclass looks at the value
        """Tell whether ``value``, which is no reference, is to be sealed at rest and masked when shown as attribute ``name``."""
        field = type(self).model_fields.get(name)
        return field is not None and is_secret_field(field)

    def _defaults_with_references(self) -> list[str]:
        fields = type(self).model_fields
        return [
            name
            for name in fields
            if name not in self.model_fields_set
            and not is_clear_text_field(fields[name])
            and any(reference.has_reference(text) for text in texts(self.__dict__.get(name)))
        ]

    def __getattr__(self, name: str) -> Any:
        """Return what a field that holds references resolves to now.

        Raises:
            NotInStackError, NoSecretsManagerError, SecretNotFoundError, SecretKeyNotFoundError: If it can't be resolved.
            InvalidComponentError: If what it resolves to is refused by the field's validators.
        """
        state = self.__dict__
        if _READERS in state and name in state[_READERS]:
            # The common case, with nothing to validate: kept short, it is run at every access.
            return state[_READERS][name]()
        if _HIDDEN in state and name in state[_HIDDEN]:
            return state[_HIDDEN][name]
        templates = state.get(_TEMPLATES)
        if templates is None or name not in templates:
            # Raises the AttributeError of any other model.
            return super().__getattr__(name)  # type: ignore[misc] # pydantic hides it from type checkers
        template = templates[name]
        if held.get() is not None:
            return template
        place: ReferenceResolver | None = self.__dict__.get(_PLACE)
        if place is None:
            message = f"{_text_of(template)} of attribute {name!r} can't be resolved: it is not part of a stack."
            raise NotInStackError(message, hint="Register it as a component and add that to a stack: %stack update")
        resolved = _resolve(template, place)
        return resolved if _is_plain_text(type(self), name) else self._validated(name, resolved, place)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: what is registered changes through the workspace only."""
        message = f"Attribute {name!r} can't be set on {a_type(self)}."
        raise AttributeError(message)

    def bind_references(self, place: ReferenceResolver) -> Self:
        """Return the same model hanging at ``place``, which resolves its references."""
        twin = self._twin()
        texts = self.__dict__[_TEMPLATES].items()
        plain = {name: text for name, text in texts if type(text) is str and _is_plain_text(type(self), name)}
        twin.__dict__.update({_PLACE: place, _READERS: {name: place.reader(text) for name, text in plain.items()}})
        return twin

    def _twin(self) -> Self:
        twin = type(self).__new__(type(self))
        object.__setattr__(twin, "__dict__", dict(self.__dict__))
        object.__setattr__(twin, "__pydantic_fields_set__", set(self.model_fields_set))
        object.__setattr__(twin, "__pydantic_extra__", self.__pydantic_extra__)
        object.__setattr__(twin, "__pydantic_private__", self.__pydantic_private__)
        return twin

    def with_raw_references(self) -> Self:
        """Return the same model with each reference as its text: reading it resolves nothing."""
        twin = self._twin()
        twin.__dict__.update(self.__dict__[_TEMPLATES])
        return twin

    @property
    def required_secrets(self) -> list[SecretReference]:
        """The references in the fields, each once, in the order of the fields."""
        return list(dict.fromkeys(need.reference for need in self.requirements("")))

    def requirements(self, owner: str) -> list[Requirement]:
        """Return each reference with the field that holds it; ``owner`` is what errors shall call this model."""
        return [
            Requirement(owner, name, found)
            for name, value in self._raw()
            if name in self.__dict__[_TEMPLATES]
            for text in texts(value)
            for found in reference.find_references(text)
        ]

    def plain_sensitive_fields(self) -> list[str]:
        """Return the sensitive fields that hold a value instead of a reference."""
        given, templates = self.model_fields_set, self.__dict__[_TEMPLATES]
        return [
            name
            for name, value in self._raw()
            if name in given and name not in templates and value is not None and self._is_sensitive(name, value)
        ]

    def _raw(self) -> Iterator[tuple[str, Any]]:
        templates = self.__dict__[_TEMPLATES]
        fields = type(self).model_fields
        # A hidden value never hides a template: a field has one or the other.
        apart = {**self.__dict__[_HIDDEN], **templates}
        for name in fields:
            yield name, apart[name] if name in apart else self.__dict__[name]
        yield from ((name, text) for name, text in apart.items() if name not in fields)
        yield from (self.__pydantic_extra__ or {}).items()

    def _validated(self, name: str, resolved: Any, place: ReferenceResolver) -> Any:
        scratch = self.bind_references(place)
        del scratch.__dict__[_READERS]
        # Validators look at other fields; the copy is seen by nobody else.
        scratch.__dict__.update(scratch.__dict__.pop(_HIDDEN))
        scratch.__dict__[_TEMPLATES] = {other: text for other, text in self.__dict__[_TEMPLATES].items() if other != name}
        failed = False
        token = held.set(set())
        try:
            self.__pydantic_validator__.validate_assignment(scratch, name, resolved, context=RESOLVED)
        except Exception:  # noqa: BLE001 - a validator of somebody else's may raise anything, and quote the value
            failed = True
        finally:
            held.reset(token)
        if failed:
            message = f"What {_text_of(self.__dict__[_TEMPLATES][name])} stands for is refused by attribute {name!r} of {place}."
            raise InvalidComponentError(message, hint="Update the secret, or refer to another one.")
        validated = scratch.__dict__[name]
        self._protect_changed(name, resolved, validated)
        return validated

    def _protect_changed(self, name: str, resolved: Any, validated: Any) -> None:
        """Have the guard mask what validators made of resolved values, such as a key without its white space."""
        known = set(texts(resolved))
        found = [found for text in texts(self.__dict__[_TEMPLATES][name]) for found in reference.find_references(text)]
        for text in texts(validated):
            if text not in known and found:
                redaction.the_redactor().protect(str.__str__(text), f"{found[0].name}.{found[0].key}")

    def _shown(self) -> dict[str, Any]:
        hidden = self.__dict__[_HIDDEN]
        return {name: _mark(name) if name in hidden else value for name, value in self._raw()}

    # pydantic 2.10 would look for the names of the annotation in the module of a subclass, hence the type here.
    @model_serializer(mode="plain", return_type=dict)
    def _dump_references(self) -> dict[str, Any]:
        return self._shown()

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override] # pydantic does the same
        """Yield what ``repr`` shows, so that ``dict()`` of a model resolves nothing."""
        yield from self._shown().items()

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return what ``repr`` shows: references as their text, sensitive values masked."""
        return list(self._shown().items())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002 - pydantic's signature
        """Return the model itself, or with ``update`` a new one at the same place; errors as from the constructor."""
        if not update:
            return self
        changed = self.merged(self.stored(), update)
        place = self.__dict__.get(_PLACE)
        return changed if place is None else changed.bind_references(place)

    def __copy__(self) -> Self:
        """Return the model itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the model itself: it never changes."""
        return self

    def __eq__(self, other: object) -> bool:
        """Tell whether both are of one class and have the same fields, unresolved."""
        return type(other) is type(self) and dict(self._raw()) == dict(other._raw())

    def __hash__(self) -> int:
        """Return a hash of the class and the fields' names; the fields may hold lists and dicts."""
        return hash((type(self), tuple(sorted(self.model_fields_set))))


def _mark(name: str) -> str:
    return f"‹secret:{name}›"


def _resolve(template: Any, place: ReferenceResolver) -> Any:
    if isinstance(template, str):
        return place.resolve(template) if reference.has_reference(template) else template
    if isinstance(template, Mapping):
        return {key: _resolve(item, place) for key, item in template.items()}
    if isinstance(template, (list, tuple, set, frozenset)):
        return type(template)(_resolve(item, place) for item in template)
    return template


def _text_of(template: Any) -> str:
    return ", ".join(str(found) for text in texts(template) for found in reference.find_references(text))


def _is_plain_text(cls: type[ReferenceModel], name: str) -> bool:
    """Tell whether any text is fine for a field, so that there is nothing to validate."""
    known = _plain_text.setdefault(cls, {})
    if name not in known:
        field = cls.model_fields.get(name)
        if field is None:
            return True
        decorators = cls.__pydantic_decorators__
        checked = any(name in found.info.fields or "*" in found.info.fields for found in decorators.field_validators.values())
        only_text = field.annotation is str or set(get_args(field.annotation)) == {str, type(None)} or field.annotation is Any
        known[name] = only_text and not field.metadata and not checked
    return known[name]


def _with_literals(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: RawText(item["$literal"]) if isinstance(item, dict) and item.keys() == {"$literal"} else item for name, item in stored.items()
    }


def _explain(cls: type[ReferenceModel], error: ValidationError) -> ZenSecretsError:
    """Return our own error for pydantic's, which carries the values that it refused."""
    found = []
    for detail in error.errors(include_url=False, include_context=True, include_input=False):
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, ZenSecretsError):
            return inner
        attribute = ".".join(str(part) for part in detail["loc"])
        kind = detail["type"]
        if kind == "missing":
            found.append(f"attribute {attribute!r} is missing")
        elif kind == "extra_forbidden":
            guess = names.did_you_mean(attribute, cls.model_fields)
            # Out of a file, a value may stand where the attribute should.
            found.append(f"attribute {names.told(attribute)} is unknown{f' ({guess})' if guess else ''}")
        elif kind in {"value_error", "assertion_error"}:
            # A validator's own text may quote the value that it refused.
            found.append(f"attribute {attribute!r} was refused by its own check" if attribute else "its own check refused it")
        else:
            found.append(f"attribute {attribute!r} is not acceptable ({kind.replace('_', ' ')})")
    known = ", ".join(name if field.is_required() else f"{name} (optional)" for name, field in cls.model_fields.items())
    message = "; ".join(found)
    return InvalidComponentError(f"{message[0].upper()}{message[1:]}.", hint=f"The attributes are {known or 'none'}.")
