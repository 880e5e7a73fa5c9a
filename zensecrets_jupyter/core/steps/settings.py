"""Settings of steps and pipelines: models or dicts that may hold references, kept unresolved and resolved when a step reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ConfigDict

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import a_type, check_name, did_you_mean
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.stack import ReferenceModel, Requirement
from zensecrets_jupyter.core.steps.options import SETTINGS_OF_MACHINES, say_once

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack import ReferenceResolver


class BaseSettings(ReferenceModel):
    """Settings with fields of one's own: a subclass declares them, with types and validators, and texts may hold references.

    A plain value in a :func:`~zensecrets_jupyter.core.fields.SecretField` is masked when shown.
    """


class _PlainSettings(ReferenceModel):
    """The settings of a dict that are no model."""

    model_config = ConfigDict(extra="allow")


class StepSettings(Mapping[str, Any]):
    """Settings that were given as a dict: ``settings["key"]`` or ``settings.key`` is the value with its references resolved.

    A value that is itself a model is read by its fields. ``repr`` shows references, never what they stand for.
    """

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        """Check ``given``.

        Raises:
            StepInterfaceError: If a key is no text.
            InvalidReferenceError: If a text is nearly a reference.
        """
        given = given or {}
        wrong = [key for key in given if type(key) is not str]
        if wrong:
            message = f"A setting is called {wrong[0]!r}, which is no text."
            raise StepInterfaceError(message, hint="Use texts as the keys of settings.")
        self._keys = tuple(given)
        self._models = {key: value for key, value in given.items() if isinstance(value, ReferenceModel)}
        self._plain = _PlainSettings(**{key: value for key, value in given.items() if key not in self._models})

    def __getitem__(self, key: str) -> Any:
        """Return a setting; errors as reading an attribute of a component has them."""
        if key in self._models:
            return self._models[key]
        if key not in self._keys:
            raise KeyError(key)
        return self._plain.read_attribute(key)

    def __getattr__(self, name: str) -> Any:
        """Return a setting; one that is called like a method of a dict is read by ``settings["key"]`` only."""
        if not name.startswith("_") and name in self._keys:
            return self[name]
        message = f"There is no setting {name!r}. {did_you_mean(name, self._keys) if not name.startswith('_') else ''}"
        raise AttributeError(message.rstrip())

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, in the order in which they were given."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many settings there are."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is a setting of that key, without resolving it."""
        return key in self._keys

    def __repr__(self) -> str:
        """Return the settings with their references as text."""
        return the_redactor().redact(f"StepSettings({self.unresolved()!r})")

    def unresolved(self) -> dict[str, Any]:
        """Return the settings with their references as text, and models as they are."""
        plain = {name: value for name, value in self._plain.__repr_args__() if name is not None}
        return {key: self._models.get(key, plain.get(key)) for key in self._keys}

    def bind_references(self, place: ReferenceResolver) -> StepSettings:
        """Return the same settings hanging at ``place``, which resolves their references."""
        twin = StepSettings()
        twin._keys = self._keys
        twin._models = {key: model.bind_references(place) for key, model in self._models.items()}
        twin._plain = self._plain.bind_references(place)
        return twin

    def requirements(self, owner: str) -> list[Requirement]:
        """Return each reference with the setting that holds it; ``owner`` is what errors shall call them."""
        found = self._plain.requirements(owner)
        for key, model in self._models.items():
            found += [need._replace(attribute=f"{key}.{need.attribute}") for need in model.requirements(owner)]
        return found


Settings: TypeAlias = "StepSettings | ReferenceModel"


class NeededSecrets:
    """Secrets that a step or a pipeline wants as environment variables, as something to validate."""

    def __init__(self, names: Iterable[str]) -> None:
        """Need each of ``names``."""
        self._names = tuple(names)

    def requirements(self, owner: str) -> list[Requirement]:
        """Return the need for each secret as a whole; ``owner`` is what errors shall call it."""
        return [Requirement(owner, "secrets", SecretReference(name, "")) for name in self._names]


def checked_settings(given: object, owner: str) -> Settings:
    """Return settings as they were given to the step or the pipeline that ``owner`` names.

    Raises:
        StepInterfaceError: If they are neither a dict nor a model.
        InvalidReferenceError: If a text is nearly a reference.
    """
    if isinstance(given, (ReferenceModel, StepSettings)):
        return given
    if given is None or isinstance(given, Mapping):
        checked = StepSettings(given)
        reasons = {key: SETTINGS_OF_MACHINES.get(key.partition(".")[0]) for key in checked}
        say_once({f"settings[{key!r}]": reason for key, reason in reasons.items() if reason}, owner)
        return checked
    message = f"The settings of {owner} are {a_type(given)}."
    raise StepInterfaceError(message, hint='Give a dict, settings={"key": …}, or an instance of a subclass of BaseSettings.')


def merged(below: Settings, above: Settings) -> Settings:
    """Return the settings of ``above`` over those of ``below``, key by key; with a model on either side, the whole of ``above`` if any."""
    if isinstance(above, StepSettings) and not above:
        return below
    if isinstance(above, StepSettings) and isinstance(below, StepSettings):
        return StepSettings({**below.unresolved(), **above.unresolved()})
    return above


def checked_secrets(given: object, owner: str) -> tuple[str, ...]:
    """Return the names of the secrets that a step or a pipeline wants in its environment, each once.

    Raises:
        StepInterfaceError: If they are no list of names.
        InvalidSecretError: If no secret can be called so.
    """
    names = [] if given is None else given if isinstance(given, (list, tuple, set, frozenset)) else None
    if names is None or not all(isinstance(name, str) for name in names):
        message = f"The secrets of {owner} are no list of names."
        raise StepInterfaceError(message, hint='Write secrets=["NAME"].')
    return tuple(dict.fromkeys(check_name(name) for name in names))
