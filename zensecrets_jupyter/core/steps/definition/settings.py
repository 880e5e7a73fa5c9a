"""Settings of steps and pipelines: dicts or models whose references are resolved on access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ConfigDict

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import check_name, did_you_mean, type_with_article
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.stack import ReferenceModel, Requirement
from zensecrets_jupyter.core.steps.definition.options import MACHINE_SETTINGS, warn_once

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack import ReferenceResolver


class BaseSettings(ReferenceModel):
    """Base class for settings with declared fields, whose texts may hold references.

    A plain value in a :func:`~zensecrets_jupyter.core.fields.SecretField` is masked when shown.
    """


class _SettingsModel(ReferenceModel):
    """The values of a settings dict that are no models.

    This class is a model too, because a model resolves the references in its values.
    """

    model_config = ConfigDict(extra="allow")


class StepSettings(Mapping[str, Any]):
    """Settings of a step or pipeline from a dict.

    ``settings["key"]`` or ``settings.key`` is the value with its references resolved. A value that is itself a model is returned as it is,
    and the model resolves the references in its fields. ``repr`` shows unresolved references.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Validate ``values`` and create the settings.

        Raises:
            StepInterfaceError: If a key is no text. An instance of a subclass of ``str`` is not accepted.
            InvalidReferenceError: If a text is almost a reference, such as ``{{name}}`` without a key.
        """
        values = values or {}
        invalid_keys = [key for key in values if type(key) is not str]
        if invalid_keys:
            message = f"The key {invalid_keys[0]!r} of a setting is no text."
            raise StepInterfaceError(message, hint="Use texts as the keys of settings.")
        self._keys = tuple(values)
        self._models = {key: value for key, value in values.items() if isinstance(value, ReferenceModel)}
        self._plain_settings = _SettingsModel(**{key: value for key, value in values.items() if key not in self._models})

    def __getitem__(self, key: str) -> Any:
        """Return a setting with its references resolved.

        A reference that can't be resolved raises the same errors as in an attribute of a component.
        """
        if key in self._models:
            return self._models[key]
        if key not in self._keys:
            raise KeyError(key)
        return self._plain_settings.read_attribute(key)

    def __getattr__(self, name: str) -> Any:
        """Return a setting. For the name of a dict method, such as ``items``, use ``settings["items"]`` instead."""
        # A private name is no setting. While copy or pickle creates an object, ``_keys`` does not exist, and its lookup would not end.
        if not name.startswith("_") and name in self._keys:
            return self[name]
        message = f"There is no setting {name!r}. {did_you_mean(name, self._keys) if not name.startswith('_') else ''}"
        raise AttributeError(message.rstrip())

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in the order of the dict."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return the number of settings."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Return whether a setting with that key exists, without resolving it."""
        return key in self._keys

    def __repr__(self) -> str:
        """Return the settings with unresolved references and masked values."""
        return the_redactor().redact(f"StepSettings({self.unresolved_values()!r})")

    def unresolved_values(self) -> dict[str, Any]:
        """Return the settings with unresolved references, and models unchanged."""
        plain_values = {name: value for name, value in self._plain_settings.__repr_args__() if name is not None}
        return {key: self._models.get(key, plain_values.get(key)) for key in self._keys}

    def bind_references(self, resolver: ReferenceResolver) -> StepSettings:
        """Return a copy of the settings whose references ``resolver`` resolves."""
        bound_settings = StepSettings()
        bound_settings._keys = self._keys
        bound_settings._models = {key: model.bind_references(resolver) for key, model in self._models.items()}
        bound_settings._plain_settings = self._plain_settings.bind_references(resolver)
        return bound_settings

    def requirements(self, owner: str) -> list[Requirement]:
        """Return each reference with its setting.

        ``owner`` is the step or pipeline, as error messages call it.
        """
        requirements = self._plain_settings.requirements(owner)
        for key, model in self._models.items():
            requirements += [item._replace(attribute=f"{key}.{item.attribute}") for item in model.requirements(owner)]
        return requirements


Settings: TypeAlias = "StepSettings | ReferenceModel"
"""Settings of a step or pipeline, from a dict or as a model."""


class RequiredSecrets:
    """Secrets that a step or pipeline requires as environment variables."""

    def __init__(self, names: Iterable[str]) -> None:
        """Require the secrets with these names."""
        self._names = tuple(names)

    def requirements(self, owner: str) -> list[Requirement]:
        """Return a requirement for each secret.

        ``owner`` is the step or pipeline, as error messages call it.
        """
        # A reference with an empty key refers to the whole secret.
        return [Requirement(owner, "secrets", SecretReference(name, "")) for name in self._names]


def validate_settings(settings: object, owner: str) -> Settings:
    """Return the validated settings of the step or pipeline ``owner``.

    Raises:
        StepInterfaceError: If the settings are neither a dict nor a model, or if a key is no text.
        InvalidReferenceError: If a text is almost a reference, such as ``{{name}}`` without a key.
    """
    if isinstance(settings, (ReferenceModel, StepSettings)):
        return settings
    if settings is None or isinstance(settings, Mapping):
        validated = StepSettings(settings)
        # The key of a machine setting may have a flavor after a dot.
        reasons = {key: MACHINE_SETTINGS.get(key.partition(".")[0]) for key in validated}
        warn_once({f"settings[{key!r}]": reason for key, reason in reasons.items() if reason}, owner)
        return validated
    message = f"The settings of {owner} are {type_with_article(settings)}."
    raise StepInterfaceError(message, hint='Give a dict, settings={"key": …}, or an instance of a subclass of BaseSettings.')


def merge_settings(settings: Settings, overrides: Settings) -> Settings:
    """Return ``settings`` updated with ``overrides``, by key.

    If one of the two is a model, ``overrides`` replaces ``settings``. Empty overrides change nothing.
    """
    if isinstance(overrides, StepSettings) and not overrides:
        return settings
    if isinstance(overrides, StepSettings) and isinstance(settings, StepSettings):
        return StepSettings({**settings.unresolved_values(), **overrides.unresolved_values()})
    return overrides


def validate_secret_names(secrets: object, owner: str) -> tuple[str, ...]:
    """Return the names of secrets in the argument ``secrets``, without duplicates.

    Raises:
        StepInterfaceError: If the argument is no list, tuple or set of names.
        InvalidSecretError: If a name is not acceptable.
    """
    names = [] if secrets is None else secrets
    if not isinstance(names, (list, tuple, set, frozenset)) or not all(isinstance(name, str) for name in names):
        message = f"The secrets of {owner} are no list of names."
        raise StepInterfaceError(message, hint='Write secrets=["NAME"].')
    return tuple(dict.fromkeys(check_name(name) for name in names))
