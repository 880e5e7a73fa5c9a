"""Models whose attributes may hold references ``{{name.key}}``: configs of components, and settings of steps and pipelines.

An attribute with a reference is stored unresolved, outside of the fields of the pydantic model. It is resolved and validated each time it
is read. Sensitive plain values are also stored outside of the fields, so that ``vars`` and ``repr`` do not show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, model_serializer

from zensecrets_jupyter.core import redaction
from zensecrets_jupyter.core.errors import InvalidComponentError, NotInStackError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field
from zensecrets_jupyter.core.names import type_with_article
from zensecrets_jupyter.core.reference import RawText, SecretReference
from zensecrets_jupyter.core.stack.reference_fields import ReferenceField, ResolvedValue, add_reference_validator, is_free_text_field
from zensecrets_jupyter.core.stack.references import (
    ReferenceResolver,
    Requirement,
    has_references,
    references_in,
    refuse_near_misses,
    resolve_references,
    texts_in,
)
from zensecrets_jupyter.core.validation_errors import describe_problems, error_of_validator
from zensecrets_jupyter.core.value import unregistered_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from typing_extensions import Self


class _SeparateAttributes(NamedTuple):
    """Values stored outside of the model's fields, and names of attributes with special treatment.

    Attributes:
        references: Values with references, unresolved, by attribute.
        secrets: Sensitive plain values by attribute.
        raw_text_names: Names of the attributes that hold a :class:`RawText`, which may look like a reference and is never resolved.
        clear_names: Names of the attributes that the workspace stores in clear text.
    """

    references: dict[str, Any]
    secrets: dict[str, Any]
    raw_text_names: frozenset[str] = frozenset()
    clear_names: frozenset[str] = frozenset()


_NO_SEPARATE_ATTRIBUTES = _SeparateAttributes({}, {})
_NO_READERS: Mapping[str, Callable[[], str]] = {}


class ReferenceModel(BaseModel):
    """A model whose texts, also in lists and dicts, may hold references.

    ``repr``, ``model_dump`` and JSON show references unresolved. Instances are immutable.
    """

    __slots__ = ("_readers", "_resolver", "_separate")

    if TYPE_CHECKING:
        _separate: _SeparateAttributes
        _resolver: ReferenceResolver | None
        # Functions that return the resolved text of an attribute, by attribute.
        _readers: Mapping[str, Callable[[], str]]

    # validate_assignment is for _validate_resolved, which assigns a resolved value to a copy. __setattr__ refuses any other assignment.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, protected_namespaces=(), validate_assignment=True)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Return an instance without separate attributes."""
        self = super().__new__(cls)
        _set_slots(self, _NO_SEPARATE_ATTRIBUTES)
        return self

    def __init__(self, /, **data: Any) -> None:
        """Validate the attributes.

        Raises:
            InvalidReferenceError: If a text is almost a reference, or if an attribute has a reference and does not accept references.
            InvalidComponentError: If an attribute is missing, unknown or has an unacceptable value. The error does not show the value.
        """
        refuse_near_misses(type(self), data)
        self._build(data)

    @classmethod
    def from_storage(cls, data: Mapping[str, Any], *, clear_names: Collection[str] = ()) -> Self:
        """Return the model of attributes in the format of :meth:`to_storage`.

        A text that is almost a reference is accepted here, because an older version of this package may have accepted and
        stored it.

        Args:
            data: The attributes.
            clear_names: Names of the attributes that the workspace stores in clear text. Their texts are not treated as secret values.

        Raises:
            InvalidReferenceError, InvalidComponentError: As for the constructor.
        """
        self = cls.__new__(cls)
        self._build(_with_raw_texts(data), clear_names=frozenset(clear_names))
        return self

    @classmethod
    def from_changes(cls, stored_attributes: Mapping[str, Any], changes: Mapping[str, Any]) -> Self:
        """Return the model of ``stored_attributes``, in the format of :meth:`to_storage`, updated with ``changes``.

        Raises:
            InvalidReferenceError, InvalidComponentError: As for the constructor.
        """
        return cls(**{**_with_raw_texts(stored_attributes), **changes})

    def to_storage(self) -> dict[str, Any]:
        """Return the attributes for storage, without those that were not set.

        References are unresolved, and sensitive plain values are in clear text.
        """
        raw_text_names = self._separate.raw_text_names
        return {
            name: RawText(value).to_json() if name in raw_text_names else value
            for name, value in self._unresolved_items()
            if name in self.model_fields_set
        }

    def _build(self, data: dict[str, Any], *, clear_names: frozenset[str] = frozenset()) -> None:
        """Validate and set the attributes; ``clear_names`` are those of :meth:`from_storage`."""
        problem: ZenSecretsError | None = None
        try:
            super().__init__(**data)
        except ValidationError as error:
            problem = _component_error(type(self), error)
        if problem:
            raise problem
        raw_text_names = frozenset(name for name, value in data.items() if isinstance(value, RawText))
        self._separate_attributes(_SeparateAttributes({}, {}, raw_text_names, clear_names))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Add the validator that keeps references away from the validators of the fields."""
        super().__init_subclass__(**kwargs)
        add_reference_validator(cls)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Add the descriptors of the fields; pydantic calls this method when the fields are known."""
        super().__pydantic_init_subclass__(**kwargs)
        for name in cls.model_fields:
            setattr(cls, name, ReferenceField(name))

    def _separate_attributes(self, separate: _SeparateAttributes) -> None:
        """Move references and sensitive plain values into ``separate``, and mask the sensitive values."""
        _set_slots(self, separate)
        fields, extra = type(self).model_fields, self.model_extra or {}
        for values in (vars(self), extra):
            for name, value in list(values.items()):
                if values is not extra and name not in fields:
                    # The name is no attribute of the model, but for example a cached property.
                    continue
                is_clear_text = name in fields and is_clear_text_field(fields[name])
                if name not in separate.raw_text_names and not is_clear_text and has_references(value):
                    separate.references[name] = values.pop(name)
                elif value and self._is_sensitive(name, value):
                    separate.secrets[name] = values.pop(name)
                    # The text may be of a subclass of str, and str.__str__ returns it as a plain str.
                    for text in self._texts_to_mask(name, value):
                        redaction.the_redactor().protect(str.__str__(text), name)

    def _texts_to_mask(self, name: str, value: Any) -> Iterator[str]:  # noqa: ARG002 - a subclass uses the name
        """Yield the texts of a sensitive value that the guard masks in outputs."""
        return texts_in(value)

    def _is_sensitive(self, name: str, value: Any) -> bool:  # noqa: ARG002 - a subclass uses the value
        """Return whether the plain ``value`` of an attribute is encrypted at rest and masked."""
        field = type(self).model_fields.get(name)
        return field is not None and is_secret_field(field)

    def __getattr__(self, name: str) -> Any:
        """Return the resolved value of an attribute that the regular look-up does not find, such as an extra attribute.

        Raises:
            NotInStackError, NoSecretsManagerError, SecretNotFoundError, SecretKeyNotFoundError: If a reference can't be resolved.
            InvalidComponentError: If the validators of the field refuse the resolved value.
        """
        if name == "_readers":
            # An instance that was created without __new__ has no values in its slots. Reading ``self._readers`` below would then call this
            # method again and again.
            raise AttributeError(name)
        reader = self._readers.get(name)
        return reader() if reader is not None else self._read_separate(name)

    def _read_separate(self, name: str) -> Any:
        """Return the resolved value of an attribute that is stored outside of the fields."""
        separate, resolver = self._separate, self._resolver
        if name in separate.secrets:
            return separate.secrets[name]
        if name not in separate.references:
            # pydantic returns a plain extra attribute, and raises its usual AttributeError for an unknown one.
            return super().__getattr__(name)  # type: ignore[misc] # pydantic hides it from type checkers
        unresolved_value = separate.references[name]
        if resolver is None:
            message = f"{_join_references(unresolved_value)} of attribute {name!r} can't be resolved: its owner is not part of a stack."
            raise NotInStackError(message, hint="Register the owner as a component, and add the component to a stack: %stack update")
        resolved_value = resolve_references(unresolved_value, resolver)
        return resolved_value if is_free_text_field(type(self), name) else self._validate_resolved(name, resolved_value, resolver)

    def read_attribute(self, name: str) -> Any:
        """Return the resolved value of an extra attribute or of a reference.

        It also works if a method has the same name as the attribute.
        """
        extra = self.model_extra or {}
        return extra[name] if name in extra else self.__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse the assignment: a model is immutable."""
        message = f"Attribute {name!r} can't be set on {type_with_article(self)}."
        raise AttributeError(message)

    def bind_references(self, resolver: ReferenceResolver) -> Self:
        """Return a copy of the model whose references ``resolver`` resolves."""
        # A text that needs no validation gets a reader, which is faster than _read_separate. Speed matters, because each access resolves
        # the references again.
        readers = {
            name: resolver.reader(text)
            for name, text in self._separate.references.items()
            if type(text) is str and is_free_text_field(type(self), name)
        }
        copy = super().__copy__()
        _set_slots(copy, self._separate, resolver, readers)
        return copy

    def with_unresolved_references(self) -> Self:
        """Return a copy of the model whose attributes are read with unresolved references."""
        return self._copy_with_values(self._separate.references, self._separate._replace(references={}))

    def _copy_with_values(self, values: Mapping[str, Any], separate: _SeparateAttributes) -> Self:
        """Return a copy with ``values`` as plain values and ``separate`` as separate attributes."""
        copy = super().__copy__()
        _set_slots(copy, separate, self._resolver)
        for name, value in values.items():
            plain_values = vars(copy) if name in type(self).model_fields else copy.model_extra
            if plain_values is not None:
                plain_values[name] = value
        return copy

    @property
    def required_secrets(self) -> list[SecretReference]:
        """The references in the attributes, each once, in the order of the fields."""
        return list(dict.fromkeys(requirement.reference for requirement in self.requirements("")))

    def requirements(self, owner: str) -> list[Requirement]:
        """Return each reference with its attribute; ``owner`` is the name of the model in errors."""
        references = self._separate.references
        return [
            Requirement(owner, name, reference)
            for name, value in self._unresolved_items()
            if name in references
            for reference in references_in(value)
        ]

    def plain_sensitive_fields(self) -> list[str]:
        """Return the names of the sensitive attributes that were set to plain values."""
        plain_items = [
            (name, value)
            for name, value in self._unresolved_items()
            if name in self.model_fields_set and name not in self._separate.references and value is not None
        ]
        return [name for name, value in plain_items if self._is_sensitive(name, value)]

    def _unresolved_items(self) -> Iterator[tuple[str, Any]]:
        """Yield every attribute with its value in clear text and its references unresolved."""
        fields = type(self).model_fields
        # The order of these two mappings does not matter, because no attribute is in both.
        separate = {**self._separate.secrets, **self._separate.references}
        plain_values = vars(self)
        for name in fields:
            yield name, separate[name] if name in separate else plain_values[name]
        yield from ((name, value) for name, value in separate.items() if name not in fields)
        yield from (self.model_extra or {}).items()

    def _validate_resolved(self, name: str, resolved_value: Any, resolver: ReferenceResolver) -> Any:
        """Return the resolved value of a field after its validators."""
        separate = self._separate
        # In this copy, validators see the unresolved values of the other attributes. No other code gets the copy.
        copy = self._copy_with_values({**separate.references, **separate.secrets}, _NO_SEPARATE_ATTRIBUTES)
        unresolved_value = separate.references[name]
        is_refused = False
        try:
            BaseModel.__setattr__(copy, name, ResolvedValue(resolved_value))
        except Exception:  # noqa: BLE001 - a validator of a user's class may raise any exception, whose text may quote the value
            is_refused = True
        if is_refused:
            message = f"Attribute {name!r} of {resolver} refuses the value of {_join_references(unresolved_value)}."
            raise InvalidComponentError(message, hint="Update the secret, or refer to another one.")
        validated_value = vars(copy)[name]
        self._mask_changed_texts(unresolved_value, resolved_value, validated_value)
        return validated_value

    @staticmethod
    def _mask_changed_texts(unresolved_value: Any, resolved_value: Any, validated_value: Any) -> None:
        """Mask the texts that validators changed, under the name of the first reference."""
        # A validator may, for example, remove the white space around a key.
        unchanged_texts = set(texts_in(resolved_value))
        references = references_in(unresolved_value)
        for text in texts_in(validated_value):
            if text not in unchanged_texts and references:
                redaction.the_redactor().protect(str.__str__(text), f"{references[0].name}.{references[0].key}")

    def _masked_attributes(self) -> dict[str, Any]:
        """Return the attributes with references unresolved and sensitive values masked."""
        secrets = self._separate.secrets
        return {name: redaction.mask_text(name) if name in secrets else value for name, value in self._unresolved_items()}

    # return_type prevents pydantic 2.10 from evaluating the annotation in the module of a subclass.
    @model_serializer(mode="plain", return_type=dict)
    def _dump_references(self) -> dict[str, Any]:
        return self._masked_attributes()

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override] # pydantic does the same
        """Yield the attributes that ``repr`` shows, so that ``dict()`` of a model resolves nothing."""
        yield from self._masked_attributes().items()

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return the attributes for ``repr``, with references unresolved and sensitive values masked."""
        return list(self._masked_attributes().items())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002 - pydantic defines the signature
        """Return the model itself, or with ``update`` a validated copy with the same resolver.

        Raises:
            InvalidReferenceError, InvalidComponentError: As for the constructor.
        """
        if not update:
            return self
        updated_model = self.from_changes(self.to_storage(), update)
        return updated_model if self._resolver is None else updated_model.bind_references(self._resolver)

    def __copy__(self) -> Self:
        """Return the model itself, which is immutable."""
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the model itself, which is immutable."""
        return self

    def __getstate__(self) -> dict[Any, Any]:
        """Return the state for pickling.

        Raises:
            UnregisteredValueError: If there is a sensitive plain value. A pickle must not contain it, and no reference can replace it.
        """
        secret_names = list(self._separate.secrets)
        if secret_names:
            raise unregistered_error(redaction.mask_text(secret_names[0]))
        return {"model": super().__getstate__(), "separate": (self._separate, self._resolver, self._readers)}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Restore the state of a pickle."""
        super().__setstate__(state["model"])
        _set_slots(self, *state["separate"])

    def __eq__(self, other: object) -> bool:
        """Return whether both are of one class and have equal attributes, references unresolved."""
        return type(other) is type(self) and dict(self._unresolved_items()) == dict(other._unresolved_items())

    def __hash__(self) -> int:
        """Return a hash of the class and the names of the attributes that were set."""
        # The values may be lists and dicts, which have no hash.
        return hash((type(self), tuple(sorted(self.model_fields_set))))


def _set_slots(
    model: ReferenceModel,
    separate: _SeparateAttributes,
    resolver: ReferenceResolver | None = None,
    readers: Mapping[str, Callable[[], str]] = _NO_READERS,
) -> None:
    # ReferenceModel.__setattr__ refuses every assignment.
    object.__setattr__(model, "_separate", separate)
    object.__setattr__(model, "_resolver", resolver)
    object.__setattr__(model, "_readers", readers)


def _join_references(unresolved_value: Any) -> str:
    """Return the references in a value as one text, for errors."""
    return ", ".join(map(str, references_in(unresolved_value)))


def _with_raw_texts(stored_attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored attributes in which each raw text is a :class:`RawText` again."""
    return {name: RawText.from_json(value) for name, value in stored_attributes.items()}


def _component_error(model: type[ReferenceModel], error: ValidationError) -> ZenSecretsError:
    """Return the error of this package, without values, for an error of pydantic."""
    validator_error = error_of_validator(error)
    if validator_error is not None:
        return validator_error
    attributes = ", ".join(name if field.is_required() else f"{name} (optional)" for name, field in model.model_fields.items())
    message = f"The attributes are not acceptable: {', '.join(describe_problems(error, model))}."
    return InvalidComponentError(message, hint=f"The attributes are {attributes or 'none'}.")
