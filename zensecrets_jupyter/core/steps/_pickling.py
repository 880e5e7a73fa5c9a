"""Values as bytes: cloudpickle, with every text that holds a secret's value kept as its template.

A SecretValue and a secret pickle as references by themselves. What a step makes of a value, ``f"Bearer {token}"`` say, or reads from the
environment, is a plain text; since it is known which secrets the step read, such texts are found here and kept as references as well.
"""

from __future__ import annotations

import io
import pickle
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.errors import ArtifactError, UnregisteredValueError, ZenSecretsError
from zensecrets_jupyter.core.value import SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_SHORTEST = 6
# Characters: a shorter value is found everywhere by chance.

_UNPICKLABLE_TYPE = re.compile(r"cannot pickle '([\w.]+)' object")


def dump(value: Any, what: str, secrets: Iterable[BaseSecretSchema] = ()) -> bytes:
    """Return ``value`` as bytes that hold no value of ``secrets``; ``what`` is what errors call it.

    Raises:
        ArtifactError: If it can't be pickled, or holds a secret's value in something other than a text.
    """
    data = _dump(value, what, None)
    values = _findable(secrets)
    if not _found_in(data, values):
        return data
    data = _dump(value, what, _Templates(values))
    left = _found_in(data, values)
    if left:
        message = f"{what} holds the value of {left[0]!r} in a form that can't be stored as its reference."
        raise ArtifactError(message, hint="Return the secret or its value as it is, or what was made with it.")
    return data


def load(data: bytes, what: str) -> Any:
    """Return what :func:`dump` made ``data`` of, with references resolved.

    Raises:
        ArtifactError: If it can't be unpickled here.
        SecretNotFoundError, ManagerError: If a secret in it can't be had.
    """
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except ZenSecretsError:
        raise
    except ImportError as error:
        problem = f"it needs the module {error.name!r}" if error.name else "a module of it can't be imported"
    except Exception as error:  # noqa: BLE001 - a class's own code runs here and can raise anything; its text may quote a value
        problem = f"unpickling raised {type(error).__name__}"
    message = f"{what} can't be loaded here: {problem}."
    raise ArtifactError(message, hint="Load it where what it consists of is installed and defined.")


def holds_value_of(data: bytes, secrets: Iterable[BaseSecretSchema]) -> SecretValue | None:
    """Return a value of ``secrets`` that stands in ``data``, or ``None``."""
    found = _found_in(data, _findable(secrets))
    return found[0] if found else None


def _dump(value: Any, what: str, templates: _Templates | None) -> bytes:
    problem: ArtifactError | None = None
    file = io.BytesIO()
    try:
        _pickler()(file, templates).dump(value)
    except UnregisteredValueError as error:
        problem = ArtifactError(f"{what} can't be stored: {error.message}", hint=error.hint)
    except ZenSecretsError:
        raise
    except Exception as error:  # noqa: BLE001 - a class's own code runs here and can raise anything; its text may quote a value
        culprit = _UNPICKLABLE_TYPE.search(str(error))
        kind = culprit[1] if culprit else type(value).__name__
        message = f"{what} can't be stored: a {kind} can't be pickled ({type(error).__name__})."
        problem = ArtifactError(message, hint="Return plain data, or give the step a materializer: output_materializers=…")
    if problem is not None:
        raise problem
    return file.getvalue()


def _findable(secrets: Iterable[BaseSecretSchema]) -> list[SecretValue]:
    """Return the sensitive values of ``secrets``, without those that stand anywhere by chance or in their own template."""
    values = [value for secret in secrets for value in secret.content.values() if isinstance(value, SecretValue)]
    return [value for value in values if len(value) >= _SHORTEST and value not in value.template]


def _found_in(data: bytes, values: list[SecretValue]) -> list[SecretValue]:
    return [value for value in values if value.encode("utf-8", "surrogatepass") in data]


class _Templates:
    """Tells a pickler which texts to keep as a template, and as which."""

    def __init__(self, values: list[SecretValue]) -> None:
        """Look for ``values``, the longest first."""
        self._by_text = {str.__str__(value): value for value in values}
        self._pattern = re.compile("|".join(re.escape(text) for text in sorted(self._by_text, key=len, reverse=True)))

    def stand_in(self, item: Any) -> bytes | None:
        """Return what stands for ``item`` in the pickle; ``None`` for whatever is pickled as it is."""
        if type(item) is not str or reference.has_reference(item):
            return None
        first = self._pattern.search(item)
        if first is None:
            return None
        template = self._pattern.sub(lambda match: self._by_text[match[0]].template, item)
        _, (origin, _) = self._by_text[first[0]].__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        # Bytes: what is inside of them is not looked at again.
        return pickle.dumps(SecretValue("", template, origin))


@cache
def _pickler() -> Callable[[io.BytesIO, _Templates | None], Any]:
    import cloudpickle  # noqa: PLC0415 - slow to import, and not every session runs a step

    class WithTemplates(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
        def __init__(self, file: io.BytesIO, templates: _Templates) -> None:
            super().__init__(file)
            self._templates = templates

        def persistent_id(self, item: Any) -> bytes | None:
            return self._templates.stand_in(item)

    def make(file: io.BytesIO, templates: _Templates | None) -> Any:
        # A pickler with persistent_id calls it for each object: only where there is something to be kept as a template.
        return cloudpickle.Pickler(file) if templates is None else WithTemplates(file, templates)

    return make


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: bytes) -> Any:
        return pickle.loads(pid)  # noqa: S301 - part of the same pickle
