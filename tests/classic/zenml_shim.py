"""A pytest plug-in that runs ZenML 0.20's tests with this package.

The plug-in has a package ``zenml`` that forwards to ``zensecrets_jupyter``, and the fixtures of ZenML's tests. A name that
``zensecrets_jupyter`` does not have can be imported and subclassed, but every other use of it raises an error. Therefore a missing name
fails only the tests that use it, and not all tests of a file.
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


class MissingNameError(Exception):
    """A test used a name of ZenML that this package does not have."""


class _Placeholder(type):
    """The metaclass of placeholders for missing names. Every use of a placeholder, except as a base class, raises an error."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        raise MissingNameError(cls._name())

    def _name(cls) -> str:
        """Return the full name of the missing class, also for a subclass of its placeholder.

        The name is the docstring of the placeholder, which is the last class before ``object`` in the method resolution order.
        """
        return next(base.__doc__ or "" for base in reversed(cls.__mro__) if base is not object)

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MissingNameError(cls._name())

    def __getitem__(cls, _: object) -> NoReturn:
        raise MissingNameError(cls._name())


class _ForwardingModule(ModuleType):
    """A module of ZenML that forwards its names to this package.

    For example, ``zenml.steps.deeper.Output`` is read from ``zensecrets_jupyter.steps.deeper``, from ``zensecrets_jupyter.steps``, or from
    ``zensecrets_jupyter``. If none of them has the name, it gets a placeholder. Names in ``_ADAPTERS`` are read from there instead.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _ADAPTERS:
            return _ADAPTERS[name]
        name_parts = self.__name__.split(".")[1:]
        for length in range(len(name_parts), -1, -1):
            module = ".".join(["zensecrets_jupyter", *name_parts[:length]])
            with suppress(ModuleNotFoundError, AttributeError):
                return getattr(importlib.import_module(module), name)
            with suppress(ModuleNotFoundError):
                return importlib.import_module(f"{module}.{name}")
        return _Placeholder(name, (), {"__doc__": f"{self.__name__}.{name}"})


def _local_secrets_manager(*, config: dict[str, Any], **_: object) -> Any:
    """Register and return a local secrets manager. Tests call this function instead of the class of ZenML."""
    workspace = Client().workspace
    workspace.register_component(ComponentType.SECRETS_MANAGER, "created_by_the_test", "local", config)
    return workspace.open_manager("created_by_the_test")


class _DataArtifact(DataArtifact):
    """An artifact with a folder, ``uri``, as ZenML's tests of materializers create it."""

    uri = ""


class _Registry:
    """The registry of default materializers, with ZenML's interface."""

    def __getitem__(self, data_type: type[Any]) -> Callable[[_DataArtifact], BaseMaterializer]:
        """Return a function that creates the materializer of a type for an artifact."""
        # The root of the files is "/", so the folder of an artifact is its absolute path without the first slash.
        files = ArtifactFiles(fsspec.filesystem("file"), "/")
        return lambda artifact: materializer_for(data_type)(ArtifactFolder(files, str(Path(artifact.uri).resolve()).lstrip("/")))


_ADAPTERS: dict[str, Any] = {
    "DataArtifact": _DataArtifact,
    "default_materializer_registry": _Registry(),
    "BaseOrchestratorConfig": StackComponentConfig,
    "LocalSecretsManager": _local_secrets_manager,
    # _local_secrets_manager takes the configuration as a dictionary.
    "LocalSecretsManagerConfig": dict,
    "StackComponentConfig": StackComponentConfig,
    "write_yaml": lambda path, content: Path(path).write_text(yaml.safe_dump(content), encoding="utf-8"),
}
"""Replacements for names of ZenML that have another interface in this package."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """An import finder that creates each module of ``zenml`` as a forwarding module."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - the signature is that of importlib
        return importlib.util.spec_from_loader(fullname, self, is_package=True) if fullname.partition(".")[0] == "zenml" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _ForwardingModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module looks up names on access."""


sys.meta_path.insert(0, _Finder())


@pytest.fixture(autouse=True)
def base_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return the client of a new workspace."""
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    # The tests must not use the keyring of the user.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)
    return Client()


@pytest.fixture
def clean_client(base_client: Client) -> Client:
    """Return the client of ``base_client``. ZenML's tests use both names."""
    return base_client


@pytest.fixture
def mocker() -> Iterator[Any]:
    """Return an object with the functions of ``pytest-mock`` that ZenML's tests use."""
    patches: list[Any] = []

    def patch(target: str, *args: Any, **kwargs: Any) -> Any:
        patches.append(mock.patch(target, *args, **kwargs))
        return patches[-1].start()

    yield type("Mocker", (), {"Mock": mock.Mock, "MagicMock": mock.MagicMock, "patch": staticmethod(patch)})
    for patcher in patches:
        patcher.stop()


@pytest.fixture
def local_stack(base_client: Client) -> Stack:
    """Return the active stack."""
    return base_client.active_stack


@pytest.fixture
def local_orchestrator(base_client: Client) -> Any:
    """Return the orchestrator of the active stack, which is local."""
    return base_client.active_stack.orchestrator


@pytest.fixture
def local_artifact_store(base_client: Client) -> Any:
    """Return the artifact store of the active stack, which is local."""
    return base_client.active_stack.artifact_store


@pytest.fixture
def local_container_registry(base_client: Client) -> Any:
    """Register and return a container registry at a local address."""
    base_client.workspace.register_component(ComponentType.CONTAINER_REGISTRY, "local_registry", "default", {"uri": "localhost:5000"})
    return base_client.get_stack_component("container_registry", "local_registry")


@pytest.fixture
def empty_step() -> Any:
    """Return a step that does nothing."""
    return _empty("_empty_step")


@pytest.fixture
def generate_empty_steps() -> Callable[[int], list[Any]]:
    """Return a function that creates a number of steps that do nothing."""
    return lambda count: [_empty(f"step_{number}") for number in range(count)]


def _empty(name: str) -> Any:
    @step(name=name)
    def nothing() -> None: ...

    return nothing


@pytest.fixture
def one_step_pipeline() -> Any:
    """Return a pipeline with one step, named ``step_``."""

    @pipeline(name="_pipeline")
    def one_step(step_: Any) -> None:
        step_()

    return one_step


@pytest.fixture
def unconnected_two_step_pipeline() -> Any:
    """Return a pipeline with two steps, named ``step_1`` and ``step_2``."""

    @pipeline(name="_pipeline")
    def two_steps(step_1: Any, step_2: Any) -> None:
        step_1()
        step_2()

    return two_steps


@pytest.fixture
def int_step_output() -> Any:
    """Return the result of a step that runs outside a pipeline."""

    @step
    def number() -> int:
        return 1

    return number()()


@pytest.fixture
def step_with_two_int_inputs() -> Any:
    """Return a step with two number inputs, ``input_1`` and ``input_2``."""

    @step
    def take_numbers(input_1: int, input_2: int) -> None: ...

    return take_numbers


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
