"""What steps return, stored: each output in a folder of its own in the stack's artifact store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import ArtifactError
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.steps.materializers import VALUE_FILE, BaseMaterializer, PickleMaterializer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.steps.files import ArtifactFolder


@dataclass(frozen=True)
class Artifact:
    """A stored output of a step.

    Attributes:
        name: What the output is called.
        step: The step that made it.
        folder: Where it is kept.
        digest: A digest of what is kept.
        materializer: What reads it.
        data_type: The class that the step declares for it, ``object`` where it declares none.
    """

    name: str
    step: str
    folder: ArtifactFolder
    digest: str = field(repr=False)
    materializer: type[BaseMaterializer] = field(default=PickleMaterializer, repr=False)
    data_type: type[Any] = field(default=object, repr=False)

    @property
    def uri(self) -> str:
        """The folder in which it is kept, as a path of this machine or as a URL."""
        return self.folder.uri

    def load(self) -> Any:
        """Return the value: a new object each time, with the secrets in it as they are now.

        Raises:
            ArtifactError: If it is gone, or can't be loaded here.
            SecretNotFoundError, ManagerError: If a secret in it can't be had.
        """
        return self.read()

    def read(self, output_data_type: type[Any] | None = None, materializer_class: type[BaseMaterializer] | None = None) -> Any:
        """Return what :meth:`load` returns, by another materializer or as another type where they are given; ZenML 0.20's name for it."""
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
        """Tell whether it is still there; it may have been deleted, or the store may not answer."""
        try:
            if self.materializer is PickleMaterializer:
                return self.folder.files.exists(f"{self.folder.path}/{VALUE_FILE}")
            return digest_of(self.folder) == self.digest
        except ArtifactError:
            return False


class OutputInfo(NamedTuple):
    """An output of a step before it is made; the fields are those of :class:`Artifact`."""

    name: str
    step: str
    materializer: type[BaseMaterializer]
    data_type: type[Any]

    def made(self, folder: ArtifactFolder, digest: str) -> Artifact:
        """Return the artifact that is kept at ``place`` and has that digest."""
        return Artifact(self.name, self.step, folder, digest, self.materializer, self.data_type)


def store(value: Any, output: OutputInfo, folder: ArtifactFolder, secrets: Iterable[BaseSecretSchema]) -> Artifact:
    """Store an output at ``place`` and return it; it is stored without a secret's value.

    Args:
        value: What the step returned.
        output: What is known of the output before it is made.
        folder: Where to keep it.
        secrets: What the step has read: their references come first where several secrets have one value.

    Raises:
        ArtifactError: If it can't be stored, or the materializer wrote a value; what the materializer raises passes as it is.
    """
    what = f"Output {output.name!r} of step {output.step!r}"
    if output.materializer is PickleMaterializer:
        pickled = pickling.dump(value, what, secrets)
        folder.write(VALUE_FILE, pickled.data)
        return output.made(folder, pickled.digest)
    folder.create()
    output.materializer(folder).save(value)
    for path in folder.files.list(folder.path):
        leaked = pickling.known_in(folder.files.read(path))
        if leaked:
            folder.files.delete(folder.path)
            writer = output.materializer.__name__
            message = f"{what} was not kept: {writer} has written the value of {mask_text(leaked)} to {path.rpartition('/')[2]}."
            raise ArtifactError(message, hint="Write the reference instead, and resolve it when reading.")
    return output.made(folder, digest_of(folder))


def digest_of(folder: ArtifactFolder) -> str:
    """Return a digest of all that is kept at ``place``."""
    whole = hashlib.sha256()
    for path in folder.files.list(folder.path):
        whole.update(f"{path[len(folder.path) :]}\0{_sha256(folder.files.read(path))}\0".encode())
    return whole.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
