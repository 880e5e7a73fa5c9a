"""Objects as bytes that hold no secret's value: references and templates in place of values, encryption where there can be none.

What is pickled is plain data, so a value is recognized by its text, wherever it stands in the object. A text that is a value, or holds
some, becomes a template that is resolved when the bytes are loaded. Where a value is left after that (base64 of ``user:value``, bytes, an
array, compressed text that the guard reads), all of it is sealed with the workspace's data key.

Every result is an ordinary pickle: ``pickle.loads`` reads it wherever this package is installed.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import ArtifactError, ManagerCorruptedError, UnregisteredValueError, ZenSecretsError
from zensecrets_jupyter.core.names import with_article
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.value import ValueSource, known_values, restore_reference, restore_secret, restore_value
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_UNPICKLABLE_TYPE = re.compile(r"cannot pickle '([\w.]+)' object")

_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
"""How arrays of texts keep characters; NumPy's are UTF-32."""


class Pickled(NamedTuple):
    """An object as bytes.

    Attributes:
        data: A pickle without a value in it.
        digest: A digest of the object: equal for equal objects, and of no use for guessing what is sealed in ``data``.
        holds_secrets: Whether loading it resolves a reference or opens what is sealed.
    """

    data: bytes
    digest: str
    holds_secrets: bool


def dump(value: Any, what: str, secrets: Iterable[BaseSecretSchema] = ()) -> Pickled:
    """Return ``value`` as bytes that hold no value that this process knows.

    Args:
        value: Any object.
        what: What errors call it.
        secrets: Secrets whose references come first where several secrets have the same value.

    Raises:
        ArtifactError: If it can't be pickled, or has to be sealed and the workspace's key can't be had.
    """
    data = _dump(value, what, None)
    preferred = {text: source for secret in secrets for text, source in secret.value_sources().items()}
    sources = _sources_in(data, preferred)
    if sources:
        data = pickle.dumps(_Call(restore_templates, _dump(value, what, _Templates(sources))), pickle.HIGHEST_PROTOCOL)
    if sources or holds_value(data):
        if holds_value(data):
            return _sealed(data, what)
        return Pickled(data, _sha256(data), holds_secrets=True)
    return Pickled(data, _sha256(data), holds_secrets=any(restoring in data for restoring in _RESTORING))


def load(data: bytes, what: str) -> Any:
    """Return what :func:`dump` made ``data`` of, with references resolved.

    Raises:
        ArtifactError: If it can't be unpickled here.
        SecretNotFoundError, ManagerError: If a secret in it can't be had.
    """
    try:
        return pickle.loads(data)  # noqa: S301 - what the user's own steps returned
    except ZenSecretsError:
        raise
    except ImportError as error:
        problem = f"it needs the module {error.name!r}" if error.name else "a module of it can't be imported"
    except Exception as error:  # noqa: BLE001 - a class's own code runs here and can raise anything; its text may quote a value
        problem = f"unpickling raised {type(error).__name__}"
    message = f"{what} can't be loaded here: {problem}."
    raise ArtifactError(message, hint="Load it where what it consists of is installed and defined.")


def as_stored(value: Any, what: str) -> Any:
    """Return what to pickle in the place of ``value``: itself if it holds no secret's value, else an object that unpickles as it.

    Raises:
        ArtifactError: As from :func:`dump`.
    """
    if not known_values() and not the_redactor().size:
        return value
    pickled = dump(value, what)
    return _Call(_unpickled, pickled.data) if pickled.holds_secrets else value


def restore_templates(data: bytes) -> Any:
    """Return the object of a pickle with templates in it, which are resolved; pickles call this."""
    return _Unpickler(io.BytesIO(data)).load()


def restore_sealed(generation: int, sealed: bytes) -> Any:
    """Return the object of a sealed pickle; pickles call this.

    Raises:
        ArtifactError: If this workspace did not seal it, or its key is gone.
        ManagerLockedError: If nobody gives what opens the key.
    """
    problem: ManagerCorruptedError | None = None
    try:
        data = get_workspace().unseal(generation, sealed)
    except ManagerCorruptedError as error:
        problem = error
    else:
        return pickle.loads(data)  # noqa: S301 - authenticated: it was pickled by this workspace
    message = "What is sealed here can't be opened: another workspace sealed it, or its key is gone."
    raise ArtifactError(message, hint="Load it with the ZENSECRETS_HOME with which it was stored.") from problem


def known_in(data: bytes) -> str:
    """Return the name, ``secret.key``, of a value in ``data``, in whatever encoding the guard finds it; empty if there is none."""
    for text, source in _known_values():
        if _is_in(text, data):
            return f"{source.reference.name}.{source.reference.key}"
    # Bytes that are no UTF-8 are no part of a value. Zeros stand between the characters of wide encodings.
    text = data.decode("utf-8", "surrogateescape")
    redactor = the_redactor()
    for view in (text, text.replace("\0", "")) if "\0" in text else (text,):
        found = redactor.find(view)
        if found:
            return found[0].name
    return ""


def holds_value(data: bytes) -> bool:
    """Tell whether the guard, or this module, finds a known value in ``data``; what can't be searched counts as holding one."""
    try:
        return bool(known_in(data))
    except Exception:  # noqa: BLE001 - whatever goes wrong in the search, the data must not be stored in clear
        return True


class _Call:
    """Pickles as the call of ``function``, which is made when it is loaded."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self._function, self._arguments


def _unpickled(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 - the inner part of the same pickle


_RESTORING = tuple(function.__name__.encode() for function in (restore_value, restore_secret, restore_reference))


def _sealed(data: bytes, what: str) -> Pickled:
    problem: ZenSecretsError | None = None
    try:
        workspace = get_workspace()
        call = _Call(restore_sealed, *workspace.seal(data))
        return Pickled(pickle.dumps(call, pickle.HIGHEST_PROTOCOL), workspace.fingerprint(data.decode("latin-1")), holds_secrets=True)
    except ZenSecretsError as error:
        problem = error
    message = f"{what} holds a secret's value that no reference can stand for, and can't be sealed: {problem.message}"
    raise ArtifactError(message, hint=problem.hint or "Return the secret or its value as it is.")


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
        message = f"{what} can't be stored: {with_article(kind)} can't be pickled ({type(error).__name__})."
        problem = ArtifactError(message, hint="Return plain data, or give the step a materializer: output_materializers=…")
    if problem is not None:
        raise problem
    return file.getvalue()


def _sources_in(data: bytes, preferred: Mapping[str, ValueSource]) -> dict[str, ValueSource]:
    """Return the values that stand in ``data`` as they are and that a reference can stand for."""
    found = {text: preferred.get(text, source) for text, source in _known_values() if len(text) <= len(data) and _bytes(text) in data}
    return {text: source for text, source in found.items() if source.origin is not None}


def _known_values() -> list[tuple[str, ValueSource]]:
    # A copy: another thread may read a secret meanwhile.
    return list(known_values().items())


def _is_in(text: str, data: bytes) -> bool:
    if len(text) > len(data):
        return False
    if _bytes(text) in data:
        return True
    # The guard's search covers what is left: a text of ASCII with zeros between its characters.
    return not text.isascii() and any(text.encode(encoding, "surrogatepass") in data for encoding in _WIDE_ENCODINGS)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Templates:
    """Decides which texts a pickler keeps as a template."""

    def __init__(self, sources: Mapping[str, ValueSource]) -> None:
        """Replace the values in ``sources``, the longest first."""
        self._sources = sources
        self._pattern = re.compile("|".join(re.escape(text) for text in sorted(sources, key=len, reverse=True)))

    def persistent_id(self, item: Any) -> bytes | None:
        """Return the template of ``item``; ``None`` for whatever is pickled as it is."""
        if type(item) is not str:
            return None
        parts: list[Any] = []
        end = 0
        for match in self._pattern.finditer(item):
            source = self._sources[match[0]]
            parts += [item[end : match.start()], (source.origin, str(source.reference))]
            end = match.end()
        if not parts:
            return None
        # Bytes: the pickler does not look at what is inside of them.
        return pickle.dumps([part for part in (*parts, item[end:]) if part], pickle.HIGHEST_PROTOCOL)


@cache
def _pickler() -> Callable[[io.BytesIO, _Templates | None], Any]:
    import cloudpickle

    class WithTemplates(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
        def __init__(self, file: io.BytesIO, templates: _Templates) -> None:
            super().__init__(file)
            self._templates = templates

        def persistent_id(self, item: Any) -> bytes | None:
            return self._templates.persistent_id(item)

    def make(file: io.BytesIO, templates: _Templates | None) -> Any:
        # A pickler with persistent_id calls it for each object: only where there is something to be kept as a template.
        return cloudpickle.Pickler(file) if templates is None else WithTemplates(file, templates)

    return make


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: bytes) -> Any:
        parts = pickle.loads(pid)  # noqa: S301 - part of the same pickle
        return "".join(part if isinstance(part, str) else restore_value(*part) for part in parts)
