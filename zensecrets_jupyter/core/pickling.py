"""Pickling without plaintext values of secrets: references replace them, or the pickle is encrypted.

A value is recognized by its text, anywhere in the object. A text that contains values becomes a *template*: the text with references in
place of the values. The references are resolved when the pickle is loaded. The pickle may still contain a value, for example in bytes, in
an array, or as base64 of ``user:value``. Then the whole pickle is *sealed*: encrypted with authentication, with the data key of the
workspace.

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
"""Python's message for an object that can't be pickled. The group is the name of its type."""

_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
"""Encodings with at least two bytes per character, as in arrays of texts. NumPy uses UTF-32."""


class PickledObject(NamedTuple):
    """A pickled object.

    Attributes:
        data: The pickle, without an unencrypted value of a secret.
        digest: A digest of the pickle before encryption, equal for equal objects. For a sealed object it is keyed with the data key, so it
            does not help to test guesses of a value.
        holds_secrets: Whether loading the pickle resolves a reference or unseals the pickle.
    """

    data: bytes
    digest: str
    holds_secrets: bool


def dump(value: Any, label: str, secrets: Iterable[BaseSecretSchema] = ()) -> PickledObject:
    """Return the pickle of an object, without any value that this process knows.

    Args:
        value: The object.
        label: The name of the object in errors.
        secrets: Secrets that are preferred for references, if several secrets have the same value.

    Raises:
        ArtifactError: If the object can't be pickled, or has to be sealed and the data key of the workspace is not available.
    """
    data = _dump(value, label, None)
    preferred = {text: source for secret in secrets for text, source in secret.value_sources().items()}
    sources = _sources_in(data, preferred)
    if sources:
        data = pickle.dumps(_Call(restore_templates, _dump(value, label, _TemplateFactory(sources))), pickle.HIGHEST_PROTOCOL)
    if holds_value(data):
        # No template can replace this value: it is encoded, is not in a text, or has no reference.
        return _seal(data, label)
    # A secret or a reference in the object pickles itself as a call of one of these functions.
    holds_secrets = bool(sources) or any(name in data for name in _RESTORE_FUNCTIONS)
    return PickledObject(data, _sha256(data), holds_secrets=holds_secrets)


def load(data: bytes, label: str) -> Any:
    """Return the object in a pickle of :func:`dump`, with references resolved.

    Args:
        data: The pickle.
        label: The name of the object in errors.

    Raises:
        ArtifactError: If this process can't load the pickle.
        SecretNotFoundError, ManagerError: If a secret in it can't be read.
    """
    try:
        return pickle.loads(data)  # noqa: S301 - the object is an output of the user's own steps
    except ZenSecretsError:
        raise
    except ImportError as error:
        problem = f"it needs the module {error.name!r}" if error.name else "it needs a module that can't be imported"
    except Exception as error:  # noqa: BLE001 - code of the object's classes may raise any error, and its text may quote a value
        problem = f"unpickling raised {type(error).__name__}"
    message = f"{label} can't be loaded here: {problem}."
    raise ArtifactError(message, hint="Load it where its modules are installed and its classes are defined.")


def to_storable(value: Any, label: str) -> Any:
    """Return an object to pickle instead of ``value``, without the values of secrets.

    Unpickling the returned object gives ``value`` again. An object without values of secrets is returned unchanged.

    Args:
        value: The object.
        label: The name of the object in errors.

    Raises:
        ArtifactError: As for :func:`dump`.
    """
    if not known_values() and not the_redactor().size:
        return value
    pickled = dump(value, label)
    return _Call(_unpickle, pickled.data) if pickled.holds_secrets else value


def restore_templates(data: bytes) -> Any:
    """Return the object in a pickle with templates, with their references resolved.

    A pickle of :func:`dump` calls this function.
    """
    return _Unpickler(io.BytesIO(data)).load()


def restore_sealed(generation: int, sealed: bytes) -> Any:
    """Return the object in a sealed pickle; a pickle of :func:`dump` calls this function.

    Args:
        generation: The number of the data key that encrypted the pickle.
        sealed: The encrypted pickle.

    Raises:
        ArtifactError: If another workspace sealed it, or the data key no longer exists.
        ManagerLockedError: If the key protection of the workspace is locked.
    """
    problem: ManagerCorruptedError | None = None
    try:
        data = get_workspace().unseal(generation, sealed)
    except ManagerCorruptedError as error:
        problem = error
    else:
        return pickle.loads(data)  # noqa: S301 - the encryption is authenticated, so this workspace pickled the object
    message = "The encrypted object can't be opened: another workspace encrypted it, or its key no longer exists."
    raise ArtifactError(message, hint="Load it with the ZENSECRETS_HOME with which it was stored.") from problem


def find_value(data: bytes) -> str:
    """Return the name ``secret.key`` of a value in ``data``, or an empty text.

    The value may be in any encoding that the redactor finds.
    """
    # The exact search also finds a value that is not ASCII, in a wide encoding.
    for text, source in _copy_of_known_values():
        if _is_in(text, data):
            return f"{source.reference.name}.{source.reference.key}"
    # The redactor searches texts. Bytes that are not UTF-8 are no part of a value, so they may become lone surrogates.
    searched_texts = [data.decode("utf-8", "surrogateescape")]
    if "\0" in searched_texts[0]:
        # Wide encodings have zero bytes between ASCII characters.
        searched_texts.append(searched_texts[0].replace("\0", ""))
    redactor = the_redactor()
    for searched_text in searched_texts:
        spans = redactor.find(searched_text)
        if spans:
            return spans[0].name
    return ""


def holds_value(data: bytes) -> bool:
    """Return whether ``data`` contains a known value in any encoding; true if the search fails."""
    try:
        return bool(find_value(data))
    except Exception:  # noqa: BLE001 - after any error in the search, the data must not be stored unencrypted
        return True


class _Call:
    """An object whose pickle is a call of ``function``. Loading the pickle calls it, and returns its result."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self._function, self._arguments


def _unpickle(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301 - the bytes are a part of the pickle that is being loaded


_RESTORE_FUNCTIONS = tuple(function.__name__.encode() for function in (restore_value, restore_secret, restore_reference))
"""The names of the functions that resolve a reference, as bytes in a pickle."""


def _seal(data: bytes, label: str) -> PickledObject:
    """Return a pickle that contains the encrypted pickle ``data``.

    Raises:
        ArtifactError: If the data key of the workspace is not available.
    """
    problem: ZenSecretsError | None = None
    try:
        workspace = get_workspace()
        # ``fingerprint`` needs a text. Latin-1 maps each byte to one character.
        call = _Call(restore_sealed, *workspace.seal(data))
        return PickledObject(pickle.dumps(call, pickle.HIGHEST_PROTOCOL), workspace.fingerprint(data.decode("latin-1")), holds_secrets=True)
    except ZenSecretsError as error:
        problem = error
    message = f"{label} contains the value of a secret that no reference can replace, and can't be encrypted: {problem.message}"
    raise ArtifactError(message, hint=problem.hint or "Return the secret or its unchanged value.")


def _dump(value: Any, label: str, templates: _TemplateFactory | None) -> bytes:
    """Return the pickle of ``value``, with ``templates`` for texts that contain values. ``None`` leaves all texts unchanged.

    Raises:
        ArtifactError: If the object can't be pickled.
    """
    problem: ArtifactError | None = None
    file = io.BytesIO()
    try:
        _pickler_factory()(file, templates).dump(value)
    except UnregisteredValueError as error:
        problem = ArtifactError(f"{label} can't be stored: {error.message}", hint=error.hint)
    except ZenSecretsError:
        raise
    except Exception as error:  # noqa: BLE001 - code of the object's classes may raise any error, and its text may quote a value
        match = _UNPICKLABLE_TYPE.search(str(error))
        type_name = match[1] if match else type(value).__name__
        message = f"{label} can't be stored: {with_article(type_name)} can't be pickled ({type(error).__name__})."
        problem = ArtifactError(message, hint="Return plain data, or give the step a materializer: output_materializers=…")
    if problem is not None:
        raise problem
    return file.getvalue()


def _sources_in(data: bytes, preferred: Mapping[str, ValueSource]) -> dict[str, ValueSource]:
    """Return the unencoded values in ``data`` that a reference can replace, each with its source.

    ``preferred`` has the sources of values that replace other sources of the same value.
    """
    known = [(text, source) for text, source in _copy_of_known_values() if len(text) <= len(data) and _utf8(text) in data]
    sources = {text: preferred.get(text, source) for text, source in known}
    return {text: source for text, source in sources.items() if source.origin is not None}


def _copy_of_known_values() -> list[tuple[str, ValueSource]]:
    # The list is a copy, because another thread may read a secret at the same time.
    return list(known_values().items())


def _is_in(text: str, data: bytes) -> bool:
    """Return whether ``data`` contains the text in UTF-8 or in a wide encoding."""
    if len(text) > len(data):
        return False
    if _utf8(text) in data:
        return True
    # An ASCII text in a wide encoding has zero bytes between its characters. find_value removes zero bytes and searches again.
    return not text.isascii() and any(text.encode(encoding, "surrogatepass") in data for encoding in _WIDE_ENCODINGS)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _TemplateFactory:
    """Creates the templates for texts that contain values."""

    def __init__(self, sources: Mapping[str, ValueSource]) -> None:
        """Replace the values in ``sources`` by references; longer values have priority."""
        self._sources = sources
        self._pattern = re.compile("|".join(re.escape(text) for text in sorted(sources, key=len, reverse=True)))

    def persistent_id(self, item: Any) -> bytes | None:
        """Return the template of a text with values; ``None`` leaves an object unchanged.

        Pickle calls this method for every object, and pickles the result instead of the object.
        """
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
        # A template is a list of texts and of pairs of an origin and a reference. It is pickled to bytes here, because the pickler would
        # call persistent_id again for the texts in a list. It does not look into bytes.
        return pickle.dumps([part for part in (*parts, item[end:]) if part], pickle.HIGHEST_PROTOCOL)


@cache
def _pickler_factory() -> Callable[[io.BytesIO, _TemplateFactory | None], Any]:
    """Return a function that creates a pickler for a file, with or without templates."""
    import cloudpickle

    class WithTemplates(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no type annotations
        def __init__(self, file: io.BytesIO, templates: _TemplateFactory) -> None:
            super().__init__(file)
            self._templates = templates

        def persistent_id(self, item: Any) -> bytes | None:
            return self._templates.persistent_id(item)

    def create(file: io.BytesIO, templates: _TemplateFactory | None) -> Any:
        # Without templates, the plain pickler is used. It has no method persistent_id, whose call for every object is slow.
        return cloudpickle.Pickler(file) if templates is None else WithTemplates(file, templates)

    return create


class _Unpickler(pickle.Unpickler):
    """Unpickler that replaces each template by its text with resolved references."""

    def persistent_load(self, pid: bytes) -> Any:
        parts = pickle.loads(pid)  # noqa: S301 - the bytes are a part of the pickle that is being loaded
        return "".join(part if isinstance(part, str) else restore_value(*part) for part in parts)
