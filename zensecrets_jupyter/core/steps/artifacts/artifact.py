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
        step: The name of the step call that returned it.
        folder: Its folder in the artifact store.
        digest: A digest of the pickled value. For a materializer other than PickleMaterializer, a digest of the files in the folder.
        materializer: The class that wrote the files, and reads them by default.
        data_type: The class of the output's declared type, ``object`` by default.
    """

    name: str
    step: str
    folder: ArtifactFolder
    digest: str = field(repr=False)
    materializer: type[BaseMaterializer] = field(default=PickleMaterializer, repr=False)
    data_type: type[Any] = field(default=object, repr=False)

    @property
    def uri(self) -> str:
        """The local path or URL of its folder."""
        return self.folder.uri

    def load(self) -> Any:
        """Return the value as a new object, with the current values of its secrets.

        Raises:
            ArtifactError: If the files were deleted, or this process can't load them.
            SecretNotFoundError, ManagerError: If a secret in the value can't be read.
        """
        return self.read()

    def read(self, output_data_type: type[Any] | None = None, materializer_class: type[BaseMaterializer] | None = None) -> Any:
        """Return the value like :meth:`load`, optionally with another type or materializer.

        ZenML 0.20 has a method of this name.

        Args:
            output_data_type: The type that is passed to the materializer; by default the declared type.
            materializer_class: The materializer that reads the files; by default the one that wrote them.
        """
        reader_class = materializer_class or self.materializer
        if reader_class is PickleMaterializer:
            return pickling.load(self.folder.read(VALUE_FILE), f"Output {self.name!r} of step {self.step!r}")
        return reader_class(self.folder).load(output_data_type or self.data_type)

    def __getitem__(self, index: int) -> Artifact:
        """Return the artifact itself for 0 and -1.

        In later versions of ZenML, an output is a list of artifacts: ``outputs["model"][0]``.

        Raises:
            IndexError: For any other index.
        """
        if index not in {0, -1}:
            message = f"Output {self.name!r} of step {self.step!r} has only the index 0."
            raise IndexError(message)
        return self

    def is_unchanged(self) -> bool:
        """Return whether the stored files can still be used.

        For PickleMaterializer, the file of the pickle has to exist; its content is not compared. For any other materializer, the names and
        contents of all files have to be unchanged.
        """
        try:
            if self.materializer is PickleMaterializer:
                return self.folder.files.exists(f"{self.folder.path}/{VALUE_FILE}")
            return _folder_digest(self.folder) == self.digest
        except ArtifactError:
            return False


class OutputInfo(NamedTuple):
    """Description of an output before it is stored; :class:`Artifact` documents the attributes."""

    name: str
    step: str
    materializer: type[BaseMaterializer]
    data_type: type[Any]

    def to_artifact(self, folder: ArtifactFolder, digest: str) -> Artifact:
        """Return the artifact of this output, whose files are in ``folder``."""
        return Artifact(self.name, self.step, folder, digest, self.materializer, self.data_type)


def store_output(value: Any, output: OutputInfo, folder: ArtifactFolder, secrets: Iterable[BaseSecretSchema]) -> Artifact:
    """Store an output without the values of secrets, and return the artifact.

    In a pickle, a reference to a secret replaces each value. Other materializers must not write a value.

    Args:
        value: The value that the step returned.
        output: The description of the output.
        folder: The folder to write to.
        secrets: The secrets that the step read. If several secrets have the same value, a reference names one of the secrets in this
            argument.

    Raises:
        ArtifactError: If the output can't be stored, or the materializer wrote the value of a secret.
        Exception: Any error of the materializer itself.
    """
    label = f"Output {output.name!r} of step {output.step!r}"
    if output.materializer is PickleMaterializer:
        pickled = pickling.dump(value, label, secrets)
        folder.write(VALUE_FILE, pickled.data)
        return output.to_artifact(folder, pickled.digest)
    folder.create()
    output.materializer(folder).save(value)
    for path in folder.files.list(folder.path):
        # The name SECRET.KEY of a value that the file contains, or an empty text.
        found_name = pickling.find_value(folder.files.read(path))
        if found_name:
            folder.files.delete(folder.path)
            writer, file_name = output.materializer.__name__, path.rpartition("/")[2]
            message = f"{label} was not stored: {writer} wrote the value of {mask_text(found_name)} to {file_name}."
            raise ArtifactError(message, hint="Write the reference instead, and resolve it in the method that reads.")
    return output.to_artifact(folder, _folder_digest(folder))


def _folder_digest(folder: ArtifactFolder) -> str:
    """Return a digest of the relative paths and the contents of all files in ``folder``."""
    digest = hashlib.sha256()
    for path in folder.files.list(folder.path):
        digest.update(f"{path[len(folder.path) :]}\0{_sha256(folder.files.read(path))}\0".encode())
    return digest.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
