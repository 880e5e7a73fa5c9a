"""Which earlier run of a step stands for a new one.

A run is found by its key: the code of the step, its name, the types that it declares, its inputs by content, and its settings with
references unresolved. It counts only while what it read is unchanged: the secrets, by a fingerprint that tells nothing to who has not
the workspace's key, and the attributes of the stack if the step looked at that. Neither the key nor the record holds a value; where no
secret was read, no key is opened.
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
from zensecrets_jupyter.core.steps.execution.code_digest import code_identity
from zensecrets_jupyter.core.text import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.managers.read_log import Reads
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import Stack
    from zensecrets_jupyter.core.steps.artifacts.artifact import Artifact
    from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFiles
    from zensecrets_jupyter.core.steps.definition.protocols import StepDefinition
    from zensecrets_jupyter.core.steps.definition.settings import Settings
    from zensecrets_jupyter.core.workspace import Workspace

_FORMAT = 1
_FOLDER = ".cache"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+", re.IGNORECASE)
"""Where an object lies in memory, as its repr has it."""


class _SecretRead(NamedTuple):
    """A secret that the cached run read: the identity and the name of its manager, and its name."""

    manager: str
    manager_name: str
    name: str


class StepCache:
    """The cached runs in one artifact store, for steps that run on one stack."""

    def __init__(self, files: ArtifactFiles, workspace: Workspace, stack: Stack) -> None:
        """Look in ``files``; fingerprints are keyed by ``workspace``."""
        self._files = files
        self._workspace = workspace
        self._stack = stack
        self._stack_digest = ""

    def key(self, step: StepDefinition, name: str, inputs: Mapping[str, str], settings: Settings, secrets: Sequence[str]) -> str | None:
        """Return the key of a run of ``step``; ``None`` if it can't be told from other runs, so that it has to run.

        ``inputs`` are digests by parameter; ``secrets`` the names of those in its environment.
        """
        code = None if step.code is None else code_identity(step.code)
        # The default has no code of the user's.
        named = {output: found for output in step.signature.outputs if (found := step.materializer_of(output)) is not PickleMaterializer}
        materializers = {output: code_identity(found) for output, found in named.items()}
        if code is None or None in materializers.values():
            return None
        try:
            plain_settings = self._canonical(settings)
        except ZenSecretsError:
            # They hold what can't be pickled, or a plain secret in a workspace that is locked.
            return None
        parts = [
            _FORMAT,
            sys.version_info[:2],
            name,
            code,
            step.signature.outputs,
            [_declared(step.signature.input_types), _declared(step.signature.output_types)],
            materializers,
            dict(inputs),
            plain_settings,
            list(secrets),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def find(self, key: str, step: StepDefinition, name: str) -> dict[str, Artifact] | None:
        """Return the outputs of the cached run of that key, or ``None`` if there is none that still counts."""
        path = _path(key)
        try:
            if not self._files.exists(path):
                return None
            record = json.loads(self._files.read(path))
            outputs = self._outputs_in(record, step, name)
            if outputs is not None and self._still_counts(record):
                return outputs
        except (ZenSecretsError, ValueError, LookupError, TypeError, RecursionError):
            # A store or a secret that can't be read, and a record that is damaged or of another version: the step runs.
            pass
        return None

    def keep(self, key: str, outputs: Mapping[str, Artifact], reads: Reads, *, stack_used: bool) -> None:
        """Keep the run of that key, unless a secret that it read could not be read or has changed meanwhile.

        A cache that can't be written costs a run, no error.
        """
        if any(len(read.seen) != 1 for read in reads.values()):
            return
        try:
            secrets = [(_SecretRead(read.manager.id, read.manager.name, name), read.seen[0]) for (_, name), read in reads.items()]
            record = {
                "format": _FORMAT,
                "outputs": {name: [found.folder.path, found.digest] for name, found in outputs.items()},
                "reads": [read for read, _ in secrets],
                "manager": self._manager_identity() if secrets else None,
                "fingerprint": self._fingerprint(secrets) if secrets else None,
                "stack": self._digest_of_stack() if stack_used else None,
            }
            self._files.replace(_path(key), json.dumps(record).encode())
        except ZenSecretsError:
            return

    def _outputs_in(self, record: Any, step: StepDefinition, name: str) -> dict[str, Artifact] | None:
        if record["format"] != _FORMAT or list(record["outputs"]) != list(step.signature.outputs):
            return None
        outputs = {
            output: step.output_info(output, name).to_artifact(ArtifactFolder(self._files, path), digest)
            for output, (path, digest) in record["outputs"].items()
        }
        return outputs if all(output.is_kept() for output in outputs.values()) else None

    def _still_counts(self, record: Any) -> bool:
        if record["stack"] is not None and record["stack"] != self._digest_of_stack():
            return False
        reads = [_SecretRead(*read) for read in record["reads"]]
        if not reads:
            return True
        if record["manager"] != self._manager_identity():
            return False
        by_manager: dict[tuple[str, str], list[_SecretRead]] = {}
        for read in reads:
            by_manager.setdefault((read.manager, read.manager_name), []).append(read)
        secrets: list[tuple[_SecretRead, BaseSecretSchema]] = []
        for (identity, manager_name), wanted in by_manager.items():
            found = self._manager(identity, manager_name).get_secrets(read.name for read in wanted)
            for read in wanted:
                secret = found[read.name]
                if isinstance(secret, ZenSecretsError):
                    return False
                secrets.append((read, secret))
        return bool(record["fingerprint"] == self._fingerprint(secrets))

    def _manager(self, identity: str, name: str) -> SecretsManager:
        return self._workspace.manager_by_id(identity, name)

    def _manager_identity(self) -> str | None:
        return self._stack.secrets_manager.id if self._stack.has_secrets_manager else None

    def _fingerprint(self, secrets: Iterable[tuple[_SecretRead, BaseSecretSchema]]) -> str:
        contents = sorted(
            [read.manager, read.name, secret.TYPE, sorted((key, str.__str__(value)) for key, value in secret.content.items())]
            for read, secret in secrets
        )
        return self._workspace.fingerprint(json.dumps(contents))

    def _digest_of_stack(self) -> str:
        if not self._stack_digest:
            components = [
                [kind.value, component.id, component.flavor, self._canonical(component.config)]
                for kind, component in self._stack.components.items()
            ]
            parts = json.dumps([self._manager_identity(), components], sort_keys=True)
            self._stack_digest = hashlib.sha256(parts.encode()).hexdigest()
        return self._stack_digest

    def _canonical(self, value: Any) -> Any:
        """Return ``value`` as JSON has it, with a fingerprint for each secret's value and a digest for what JSON has not."""
        if isinstance(value, str) and pickling.holds_value(value.encode("utf-8", "surrogatepass")):
            return {"fingerprint": self._workspace.fingerprint(str.__str__(value))}
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, ReferenceModel):
            return [type(value).__qualname__, self._canonical(dict(value.__repr_args__()))]
        if isinstance(value, StepSettings):
            value = value.unresolved()
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: self._canonical(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._canonical(item) for item in value]
        return {"digest": pickling.dump(value, "A setting").digest}


def _path(key: str) -> str:
    return f"{_FOLDER}/{key}.json"


def _declared(types: Mapping[str, Any]) -> dict[str, str]:
    """Return the declared types by name, as texts that are the same in each process."""
    return {name: _ADDRESS.sub("", type_name(declared)) for name, declared in types.items()}
