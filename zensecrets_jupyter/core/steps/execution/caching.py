"""The cache of steps, which reuses the outputs of an earlier run of a step.

In this module, a run is a run of one step, and a cached run is a run whose outputs are recorded. The cache key of a run is a digest of the
code and the name of the step, the declared types, the inputs and the settings. It also includes the Python version, the code of
materializers and the names of the secrets in the environment. References in settings are not resolved for the digest.

A cached run is valid only while the secrets that the step read are unchanged. If the step read the stack, the components of the stack must
be unchanged too. Secrets are compared by a fingerprint: a digest that can be computed only with the workspace's data key. A cached run that
read no secret does not need the data key.

The record of a cached run is a file in the artifact store. It contains the folders and digests of the outputs, and the names of the secrets
that the step read. Neither the cache key nor the record contains the value of a secret.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ReferenceModel
from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFolder
from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer
from zensecrets_jupyter.core.steps.definition.settings import StepSettings
from zensecrets_jupyter.core.steps.execution.code_digest import code_digest
from zensecrets_jupyter.core.text import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers.read_log import ReadLog
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import Stack
    from zensecrets_jupyter.core.steps.artifacts.artifact import Artifact
    from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFiles
    from zensecrets_jupyter.core.steps.definition.protocols import StepDefinition
    from zensecrets_jupyter.core.steps.definition.settings import Settings
    from zensecrets_jupyter.core.workspace import Workspace

_FORMAT = 1
"""The version of the format of records and cache keys."""
_FOLDER = ".cache"
"""The folder of records in the artifact store."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+", re.IGNORECASE)
"""The memory address in the ``repr`` of an object, which is different in each process."""


class _SecretRead(NamedTuple):
    """A secret that a cached run read, with the id and name of its manager."""

    manager_id: str
    manager_name: str
    name: str


class StepCache:
    """The cached runs of steps in one artifact store, for one stack."""

    def __init__(self, files: ArtifactFiles, workspace: Workspace, stack: Stack) -> None:
        """Use the artifact store ``files``, and the data key of ``workspace`` for fingerprints."""
        self._files = files
        self._workspace = workspace
        self._stack = stack
        self._stack_digest = ""

    def key(self, step: StepDefinition, name: str, inputs: Mapping[str, str], settings: Settings, secrets: Sequence[str]) -> str | None:
        """Return the cache key of a run of ``step``.

        The key is ``None`` if the step's code, a materializer's code or the settings have no digest. In this case, the step has to run.

        Args:
            step: The step.
            name: The name of the call.
            inputs: The digests of the inputs, by parameter.
            settings: The merged settings of the step and its pipelines.
            secrets: The names of the secrets in the environment of the step.
        """
        code = None if step.code is None else code_digest(step.code)
        materializers = {output: step.materializer_of(output) for output in step.signature.outputs}
        # The code of the default materializer is left out, because it belongs to this package.
        materializer_code = {output: code_digest(item) for output, item in materializers.items() if item is not PickleMaterializer}
        if code is None or None in materializer_code.values():
            return None
        try:
            settings_as_json = self._to_json_types(settings)
        except ZenSecretsError:
            # A setting can't be pickled. Or it contains the value of a secret, and the data key for its fingerprint is locked.
            return None
        key_parts = [
            _FORMAT,
            sys.version_info[:2],
            name,
            code,
            step.signature.outputs,
            [_type_names(step.signature.input_types), _type_names(step.signature.output_types)],
            materializer_code,
            dict(inputs),
            settings_as_json,
            list(secrets),
        ]
        return hashlib.sha256(json.dumps(key_parts, sort_keys=True).encode()).hexdigest()

    def find(self, key: str, step: StepDefinition, name: str) -> dict[str, Artifact] | None:
        """Return the outputs of the cached run with the cache key ``key``.

        ``name`` is the name of the call. The result is ``None`` if no run with this key is cached, or if the run is not valid.
        """
        path = _record_path(key)
        try:
            if not self._files.exists(path):
                return None
            record = json.loads(self._files.read(path))
            outputs = self._outputs_in(record, step, name)
            if outputs is not None and self._is_valid(record):
                return outputs
        except (ZenSecretsError, ValueError, LookupError, TypeError, RecursionError):
            # The step runs if the store or a secret can't be read, or if the record is damaged or has another format.
            pass
        return None

    def store(self, key: str, outputs: Mapping[str, Artifact], reads: ReadLog, *, has_read_stack: bool) -> None:
        """Store the record of a run under its cache key.

        Nothing is stored if a secret could not be read, or changed during the run. An error of the store or the workspace is ignored,
        because its only consequence is that the step runs again next time.
        """
        # ``states`` has the different contents of a secret that the step read: none if every read failed, two if the secret changed.
        if any(len(read.states) != 1 for read in reads.values()):
            return
        try:
            secrets = [(_SecretRead(read.manager.id, read.manager.name, name), read.states[0]) for (_, name), read in reads.items()]
            record = {
                "format": _FORMAT,
                "outputs": {name: [artifact.folder.path, artifact.digest] for name, artifact in outputs.items()},
                "reads": [read for read, _ in secrets],
                "manager": self._manager_id() if secrets else None,
                "fingerprint": self._fingerprint(secrets) if secrets else None,
                "stack": self._get_stack_digest() if has_read_stack else None,
            }
            self._files.replace(_record_path(key), json.dumps(record).encode())
        except ZenSecretsError:
            return

    def _outputs_in(self, record: Any, step: StepDefinition, name: str) -> dict[str, Artifact] | None:
        """Return the outputs in a record of the call ``name``.

        The result is ``None`` if the record has another format or other outputs than the step declares, or if the files have changed.
        """
        if record["format"] != _FORMAT or list(record["outputs"]) != list(step.signature.outputs):
            return None
        outputs = {
            output: step.output_info(output, name).to_artifact(ArtifactFolder(self._files, path), digest)
            for output, (path, digest) in record["outputs"].items()
        }
        return outputs if all(output.is_unchanged() for output in outputs.values()) else None

    def _is_valid(self, record: Any) -> bool:
        """Return whether everything that the recorded run read is unchanged.

        The stack is compared if the step read it, and the secrets and the stack's secrets manager if the step read secrets.
        """
        if record["stack"] is not None and record["stack"] != self._get_stack_digest():
            return False
        reads = [_SecretRead(*read) for read in record["reads"]]
        if not reads:
            return True
        if record["manager"] != self._manager_id():
            return False
        reads_by_manager: dict[tuple[str, str], list[_SecretRead]] = {}
        for read in reads:
            reads_by_manager.setdefault((read.manager_id, read.manager_name), []).append(read)
        secrets: list[tuple[_SecretRead, BaseSecretSchema]] = []
        for (manager_id, manager_name), manager_reads in reads_by_manager.items():
            manager = self._workspace.manager_by_id(manager_id, manager_name)
            results = manager.get_secrets(read.name for read in manager_reads)
            for read in manager_reads:
                result = results[read.name]
                if isinstance(result, ZenSecretsError):
                    return False
                secrets.append((read, result))
        return bool(record["fingerprint"] == self._fingerprint(secrets))

    def _manager_id(self) -> str | None:
        return self._stack.secrets_manager.id if self._stack.has_secrets_manager else None

    def _fingerprint(self, secrets: Iterable[tuple[_SecretRead, BaseSecretSchema]]) -> str:
        """Return the fingerprint of the contents of secrets."""
        # str.__str__ returns the text itself, also for a subclass of str with its own __str__.
        contents = sorted(
            [read.manager_id, read.name, secret.TYPE, sorted((key, str.__str__(value)) for key, value in secret.content.items())]
            for read, secret in secrets
        )
        return self._workspace.fingerprint(json.dumps(contents))

    def _get_stack_digest(self) -> str:
        """Return a digest of the components of the stack and their attributes, with unresolved references.

        It is computed once.
        """
        if not self._stack_digest:
            components = [
                [component_type.value, component.id, component.flavor, self._to_json_types(component.config)]
                for component_type, component in self._stack.components.items()
            ]
            text = json.dumps([self._manager_id(), components], sort_keys=True)
            self._stack_digest = hashlib.sha256(text.encode()).hexdigest()
        return self._stack_digest

    def _to_json_types(self, value: Any) -> Any:
        """Return a setting or attribute as JSON types.

        A text that contains the value of a secret becomes a fingerprint. An object of another type becomes a digest.
        """
        if isinstance(value, str) and pickling.holds_value(value.encode("utf-8", "surrogatepass")):
            return {"fingerprint": self._workspace.fingerprint(str.__str__(value))}
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, ReferenceModel):
            return [type(value).__qualname__, self._to_json_types(dict(value.__repr_args__()))]
        if isinstance(value, StepSettings):
            value = value.unresolved_values()
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: self._to_json_types(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._to_json_types(item) for item in value]
        return {"digest": pickling.dump(value, "A setting").digest}


def _record_path(key: str) -> str:
    return f"{_FOLDER}/{key}.json"


def _type_names(types: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the declared types, as texts that are equal in every process."""
    return {name: _ADDRESS.sub("", type_name(declared_type)) for name, declared_type in types.items()}
