"""A package ``zenml`` that forwards to ours, and the fixtures that ZenML 0.20's own tests take: a plug-in for pytest.

A name that our package does not have can be imported and subclassed, and says so where it is used: one such name fails the tests that use
it, and not all of its file.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import mock

import fsspec
import pytest
import yaml

from zensecrets_jupyter import Client, StackComponentConfig
from zensecrets_jupyter.artifacts import DataArtifact
from zensecrets_jupyter.core.stack import ComponentType, Stack
from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFiles, ArtifactFolder
from zensecrets_jupyter.core.steps.artifacts.materializers import materializer_for
from zensecrets_jupyter.core.steps.definition.context import RunNames
from zensecrets_jupyter.core.steps.definition.settings import validate_settings
from zensecrets_jupyter.materializers import BaseMaterializer
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import StepContext, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec


class NotHereError(Exception):
    """A name of ZenML's that our package does not have was used."""


class _Absent(type):
    """The class of stand-ins for names that our package does not have."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        raise NotHereError(cls._name())

    def _name(cls) -> str:
        return next(base.__doc__ or "" for base in reversed(cls.__mro__) if base is not object)

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotHereError(cls._name())

    def __getitem__(cls, _: object) -> NoReturn:
        raise NotHereError(cls._name())


class _Forwarded(ModuleType):
    """A module of ZenML's: its names are those of our module of that name, or of the nearest above it that has them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _ADAPTERS:
            return _ADAPTERS[name]
        ours = self.__name__.split(".")[1:]
        for length in range(len(ours), -1, -1):
            module = ".".join(["zensecrets_jupyter", *ours[:length]])
            with suppress(ModuleNotFoundError, AttributeError):
                return getattr(importlib.import_module(module), name)
            with suppress(ModuleNotFoundError):
                return importlib.import_module(f"{module}.{name}")
        return _Absent(name, (), {"__doc__": f"{self.__name__}.{name}"})


def _local_secrets_manager(*, config: dict[str, Any], **_: object) -> Any:
    """Register a local secrets manager, where ZenML's tests make an instance."""
    workspace = Client().workspace
    workspace.register_component(ComponentType.SECRETS_MANAGER, "made_by_the_test", "local", config)
    return workspace.open_manager("made_by_the_test")


class _DataArtifact(DataArtifact):
    """An artifact in a folder, as ZenML's tests make one for a materializer."""

    uri = ""


class _Registry:
    """The materializers of types, as ZenML's tests ask for them."""

    def __getitem__(self, kind: type[Any]) -> Callable[[_DataArtifact], BaseMaterializer]:
        """Return what makes the materializer of outputs of a type, for the folder of an artifact."""
        files = ArtifactFiles(fsspec.filesystem("file"), "/")
        return lambda artifact: materializer_for(kind)(ArtifactFolder(files, str(Path(artifact.uri).resolve()).lstrip("/")))


_ADAPTERS: dict[str, Any] = {
    "DataArtifact": _DataArtifact,
    "default_materializer_registry": _Registry(),
    "BaseOrchestratorConfig": StackComponentConfig,
    "LocalSecretsManager": _local_secrets_manager,
    "LocalSecretsManagerConfig": dict,
    "StackComponentConfig": StackComponentConfig,
    "write_yaml": lambda path, content: Path(path).write_text(yaml.safe_dump(content), encoding="utf-8"),
}
"""For names that our package has in another form what the tests can use instead."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - the interface
        return importlib.util.spec_from_loader(fullname, self, is_package=True) if fullname.partition(".")[0] == "zenml" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Forwarded(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are found when they are asked for."""


sys.meta_path.insert(0, _Finder())


@pytest.fixture(autouse=True)
def base_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Give the test a workspace of its own."""
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)
    return Client()


@pytest.fixture
def clean_client(base_client: Client) -> Client:
    """Return the client of that workspace."""
    return base_client


@pytest.fixture
def mocker() -> Iterator[Any]:
    """Return what ``pytest-mock`` gives, as far as the tests use it."""
    patches: list[Any] = []

    def patch(target: str, *args: Any, **kwargs: Any) -> Any:
        patches.append(mock.patch(target, *args, **kwargs))
        return patches[-1].start()

    yield type("Mocker", (), {"Mock": mock.Mock, "MagicMock": mock.MagicMock, "patch": staticmethod(patch)})
    for each in patches:
        each.stop()


@pytest.fixture
def local_stack(base_client: Client) -> Stack:
    """Return a stack that runs here."""
    return base_client.active_stack


@pytest.fixture
def local_orchestrator(base_client: Client) -> Any:
    """Return an orchestrator that runs here."""
    return base_client.active_stack.orchestrator


@pytest.fixture
def local_artifact_store(base_client: Client) -> Any:
    """Return an artifact store on this machine."""
    return base_client.active_stack.artifact_store


@pytest.fixture
def local_container_registry(base_client: Client) -> Any:
    """Return a container registry of this machine."""
    base_client.workspace.register_component(ComponentType.CONTAINER_REGISTRY, "local_registry", "default", {"uri": "localhost:5000"})
    return base_client.get_stack_component("container_registry", "local_registry")


@pytest.fixture
def empty_step() -> Any:
    """Return a step that does nothing."""
    return _empty("_empty_step")


@pytest.fixture
def generate_empty_steps() -> Callable[[int], list[Any]]:
    """Return what makes as many steps that do nothing."""
    return lambda count: [_empty(f"step_{number}") for number in range(count)]


def _empty(name: str) -> Any:
    @step(name=name)
    def nothing() -> None: ...

    return nothing


@pytest.fixture
def one_step_pipeline() -> Any:
    """Return a pipeline that takes one step, as ``step_``."""

    @pipeline(name="_pipeline")
    def one(step_: Any) -> None:
        step_()

    return one


@pytest.fixture
def unconnected_two_step_pipeline() -> Any:
    """Return a pipeline that takes two steps, as ``step_1`` and ``step_2``."""

    @pipeline(name="_pipeline")
    def two(step_1: Any, step_2: Any) -> None:
        step_1()
        step_2()

    return two


@pytest.fixture
def int_step_output() -> Any:
    """Return what a step returns that is called outside of a pipeline."""

    @step
    def number() -> int:
        return 1

    return number()()


@pytest.fixture
def step_with_two_int_inputs() -> Any:
    """Return a step that takes two numbers, ``input_1`` and ``input_2``."""

    @step
    def two(input_1: int, input_2: int) -> None: ...

    return two


@pytest.fixture
def step_context_with_no_output(base_client: Client, tmp_path: Path) -> StepContext:
    """Return the context of a step without outputs."""
    return _context(base_client, tmp_path)


@pytest.fixture
def step_context_with_single_output(base_client: Client, tmp_path: Path) -> StepContext:
    """Return the context of a step with one output."""
    return _context(base_client, tmp_path, "output_1")


@pytest.fixture
def step_context_with_two_outputs(base_client: Client, tmp_path: Path) -> StepContext:
    """Return the context of a step with two outputs."""
    return _context(base_client, tmp_path, "output_1", "output_2")


def _context(client: Client, folder: Path, *outputs: str) -> StepContext:
    files = ArtifactFiles(fsspec.filesystem("file"), str(folder))
    names = RunNames("step", "pipeline", "run", "1")
    return StepContext(
        names,
        client.active_stack,
        validate_settings(None, "the test"),
        dict.fromkeys(outputs, BaseMaterializer),
        lambda output: ArtifactFolder(files, output),
    )
