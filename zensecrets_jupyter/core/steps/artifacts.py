"""What steps return, stored: each output in a folder of its own in the stack's artifact store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import ArtifactError
from zensecrets_jupyter.core.redaction import mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.steps.files import ArtifactFiles

_VALUE_FILE = "value.pkl"


@dataclass(frozen=True)
class OutputPlace:
    """Where one output of one run of a step is kept.

    Attributes:
        files: The artifact store's files.
        path: The folder, by its path in the store.
    """

    files: ArtifactFiles = field(repr=False)
    path: str

    @property
    def uri(self) -> str:
        """The folder, as a path of this machine or as a URL."""
        return self.files.uri(self.path)

    def create(self) -> None:
        """Make sure that the folder exists."""
        self.files.make_folder(self.path)

    def write(self, name: str, data: bytes) -> None:
        """Write a file in the folder."""
        self.files.write(f"{self.path}/{name}", data)

    def read(self, name: str) -> bytes:
        """Return what is in a file of the folder."""
        return self.files.read(f"{self.path}/{name}")


class BaseMaterializer:
    """Writes what a step returns to its place, and reads it from there; ZenML's interface.

    A subclass keeps files below ``self.artifact.uri``, or through ``self.artifact.write`` and ``read``, which work on every store and
    keep the files private.
    """

    def __init__(self, artifact: OutputPlace) -> None:
        """Keep things at ``artifact``, whose folder exists when :meth:`handle_return` is called."""
        self.artifact = artifact

    def handle_return(self, data: Any) -> None:
        """Write what the step returned."""
        self.artifact.write(_VALUE_FILE, pickling.dump(data, f"What is written to {self.artifact.uri}").data)

    def handle_input(self, data_type: type[Any] = object) -> Any:  # noqa: ARG002 - ZenML's signature; a pickle knows its type
        """Return what was written; ``data_type`` is what it is wanted as, ``object`` where that is not known."""
        return pickling.load(self.artifact.read(_VALUE_FILE), f"What is kept in {self.artifact.uri}")


class PickleMaterializer(BaseMaterializer):
    """Keeps a value as cloudpickle has it: what a step uses where it names no materializer."""


@dataclass(frozen=True)
class Artifact:
    """A stored output of a step.

    Attributes:
        name: What the output is called.
        step: The step that made it.
        place: Where it is kept.
        digest: A digest of what is kept.
        materializer: What reads it.
    """

    name: str
    step: str
    place: OutputPlace
    digest: str = field(repr=False)
    materializer: type[BaseMaterializer] = field(default=PickleMaterializer, repr=False)

    @property
    def uri(self) -> str:
        """The folder in which it is kept, as a path of this machine or as a URL."""
        return self.place.uri

    def load(self) -> Any:
        """Return the value: a new object each time, with the secrets in it as they are now.

        Raises:
            ArtifactError: If it is gone, or can't be loaded here.
            SecretNotFoundError, ManagerError: If a secret in it can't be had.
        """
        if self.materializer is PickleMaterializer:
            return pickling.load(self.place.read(_VALUE_FILE), f"Output {self.name!r} of step {self.step!r}")
        return self.materializer(self.place).handle_input(object)

    def read(self) -> Any:
        """Return what :meth:`load` returns; ZenML 0.20's name for it."""
        return self.load()

    def is_kept(self) -> bool:
        """Tell whether it is still there; it may have been deleted, or the store may not answer."""
        try:
            if self.materializer is PickleMaterializer:
                return self.place.files.exists(f"{self.place.path}/{_VALUE_FILE}")
            return digest_of(self.place) == self.digest
        except ArtifactError:
            return False


def store(
    value: Any, output: tuple[str, str], place: OutputPlace, materializer: type[BaseMaterializer], secrets: Iterable[BaseSecretSchema]
) -> Artifact:
    """Store an output, given as the names of its step and its own, at ``place`` and return it; it is stored without a secret's value.

    Args:
        value: What the step returned.
        output: The names of the step and of the output.
        place: Where to keep it.
        materializer: What keeps it.
        secrets: What the step has read: their references come first where several secrets have one value.

    Raises:
        ArtifactError: If it can't be stored, or the materializer wrote a value; what the materializer raises passes as it is.
    """
    step, name = output
    what = f"Output {name!r} of step {step!r}"
    if materializer is PickleMaterializer:
        pickled = pickling.dump(value, what, secrets)
        place.write(_VALUE_FILE, pickled.data)
        return Artifact(name, step, place, pickled.digest)
    place.create()
    materializer(place).handle_return(value)
    for path in place.files.list(place.path):
        leaked = pickling.known_in(place.files.read(path))
        if leaked:
            place.files.delete(place.path)
            message = f"{what} was not kept: {materializer.__name__} has written the value of {mark(leaked)} to {path.rpartition('/')[2]}."
            raise ArtifactError(message, hint="Write the reference instead, and resolve it when reading.")
    return Artifact(name, step, place, digest_of(place), materializer)


def digest_of(place: OutputPlace) -> str:
    """Return a digest of all that is kept at ``place``."""
    whole = hashlib.sha256()
    for path in place.files.list(place.path):
        whole.update(f"{path[len(place.path) :]}\0{_sha256(place.files.read(path))}\0".encode())
    return whole.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
