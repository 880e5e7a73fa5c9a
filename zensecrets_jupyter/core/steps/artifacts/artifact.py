"""Stored outputs of steps; each has its own folder in the stack's artifact store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import ArtifactError
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.steps.artifacts.materializers import VALUE_FILE, BaseMaterializer, PickleMaterializer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFolder


@dataclass(frozen=True)
class Artifact:
    """A stored output of a step.

    Attributes:
        name: The name of the output.
        step: The step that returned it.
        folder: Its folder in the artifact store.
        digest: A digest of the stored files.
        materializer: The class that reads it.
        data_type: The class that the step declares for it, ``object`` by default.
    """

    name: str
    step: str
    folder: ArtifactFolder
    digest: str = field(repr=False)
    materializer: type[BaseMaterializer] = field(default=PickleMaterializer, repr=False)
    data_type: type[Any] = field(default=object, repr=False)

    @property
    def uri(self) -> str:
        """The folder as a local path or a URL."""
        return self.folder.uri

    def load(self) -> Any:
        """Return the value as a new object, with the current values of its secrets.

        Raises:
            ArtifactError: If it was deleted or can't be loaded here.
            SecretNotFoundError, ManagerError: If a secret in it can't be read.
        """
        return self.read()

    def read(self, output_data_type: type[Any] | None = None, materializer_class: type[BaseMaterializer] | None = None) -> Any:
        """Return the value as :meth:`load` does, optionally with another materializer or type; ZenML 0.20's name."""
        reader = materializer_class or self.materializer
        if reader is PickleMaterializer:
            return pickling.load(self.folder.read(VALUE_FILE), f"Output {self.name!r} of step {self.step!r}")
        return reader(self.folder).load(output_data_type or self.data_type)

    def __getitem__(self, index: int) -> Artifact:
        """Return itself for 0 and -1: later ZenML has a list of versions for each output, as in ``outputs["model"][0]``.

        Raises:
            IndexError: For any other index.
        """
        if index not in {0, -1}:
            message = f"Output {self.name!r} of step {self.step!r} was made once."
            raise IndexError(message)
        return self

    def is_kept(self) -> bool:
        """Return whether the stored files are still there and unchanged."""
        try:
            if self.materializer is PickleMaterializer:
                return self.folder.files.exists(f"{self.folder.path}/{VALUE_FILE}")
            return digest_of(self.folder) == self.digest
        except ArtifactError:
            return False


class OutputInfo(NamedTuple):
    """Description of an output before it is stored; the fields are those of :class:`Artifact`."""

    name: str
    step: str
    materializer: type[BaseMaterializer]
    data_type: type[Any]

    def to_artifact(self, folder: ArtifactFolder, digest: str) -> Artifact:
        """Return the artifact in ``folder`` with that digest."""
        return Artifact(self.name, self.step, folder, digest, self.materializer, self.data_type)


def store_output(value: Any, output: OutputInfo, folder: ArtifactFolder, secrets: Iterable[BaseSecretSchema]) -> Artifact:
    """Store an output in ``folder``, without values of secrets, and return it.

    Args:
        value: The value that the step returned.
        output: The description of the output.
        folder: The folder.
        secrets: The secrets that the step read. Their references are preferred if several secrets have the same value.

    Raises:
        ArtifactError: If it can't be stored, or the materializer wrote a secret's value. Errors of the materializer itself pass through.
    """
    what = f"Output {output.name!r} of step {output.step!r}"
    if output.materializer is PickleMaterializer:
        pickled = pickling.dump(value, what, secrets)
        folder.write(VALUE_FILE, pickled.data)
        return output.to_artifact(folder, pickled.digest)
    folder.create()
    output.materializer(folder).save(value)
    for path in folder.files.list(folder.path):
        leaked = pickling.known_in(folder.files.read(path))
        if leaked:
            folder.files.delete(folder.path)
            writer = output.materializer.__name__
            message = f"{what} was not kept: {writer} has written the value of {mask_text(leaked)} to {path.rpartition('/')[2]}."
            raise ArtifactError(message, hint="Write the reference instead, and resolve it when reading.")
    return output.to_artifact(folder, digest_of(folder))


def digest_of(folder: ArtifactFolder) -> str:
    """Return a digest of all files in ``folder``."""
    whole = hashlib.sha256()
    for path in folder.files.list(folder.path):
        whole.update(f"{path[len(folder.path) :]}\0{_sha256(folder.files.read(path))}\0".encode())
    return whole.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
