"""Stored outputs of steps: private files without the values of secrets."""

import base64
import functools
import json
import os
import pickle
import socket
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.error_texts import error_details
from tests.support.processes import run_python
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import ArtifactError, SecretNotFoundError, StepInterfaceError
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import Artifact, BaseMaterializer, StepContext, pipeline, step
from zensecrets_jupyter.core.steps.execution.call_inputs import PickledArgument
from zensecrets_jupyter.core.steps.execution.graph import trace_pipeline
from zensecrets_jupyter.core.workspace import workspace
from zensecrets_jupyter.testing.canary import canary, find_canary

LOAD_PROGRAM = """
import json, pickle, sys
value = pickle.loads(open(sys.argv[1], "rb").read())
print(json.dumps([value["value"], value["secret"].content["key"]]))
"""
"""A program that loads a stored output, and prints its value and its secret's value."""


def _run_and_store(make: Callable[[StepContext], Any]) -> Artifact:
    """Run a step that returns ``make(context)``, and return the artifact of its output."""

    @step
    def my_step(context: StepContext) -> Any:
        return make(context)

    @pipeline
    def my_pipeline() -> None:
        my_step()

    return my_pipeline().steps["my_step"].output


def _token_secret(context: StepContext) -> Any:
    """Return the secret ``token`` from the secrets manager of the stack."""
    return context.stack.secrets_manager.get_secret("token")


def test_files_are_private(client: Client) -> None:
    """Every file in the artifact store has the mode 0600, and every folder 0700."""
    folder = Path(_run_and_store(lambda _: 1).uri)
    for path in [folder, *folder.rglob("*"), *client.workspace.home.joinpath("artifact_stores").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_files_are_private_in_a_shared_folder(client: Client, tmp_path: Path) -> None:
    """The files of a local artifact store are private, even in a public folder."""
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "mine", "local", {"path": str(folder)})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "mine"})
    artifact = _run_and_store(lambda _: {"a": 1})
    assert artifact.uri.startswith(str(folder))
    assert artifact.load() == {"a": 1}
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_a_secret_and_its_values_are_stored_as_references(set_new_value: Callable[..., str]) -> None:
    """If an output contains a secret and its value, another process loads both with the current value."""
    value = set_new_value("token")
    artifact = _run_and_store(lambda context: {"value": _token_secret(context).content["key"], "secret": _token_secret(context)})
    file = Path(artifact.uri, "value.pkl")
    assert find_canary(file) == []
    assert run_python(LOAD_PROGRAM, str(file)) == [value, value]
    new_value = set_new_value("token")
    loaded = run_python(LOAD_PROGRAM, str(file))
    assert loaded == [new_value, new_value]
    assert artifact.load()["value"] == new_value


def test_texts_that_contain_a_value_are_stored_as_templates(set_new_value: Callable[..., str]) -> None:
    """Headers, URLs and nested texts are stored with a reference instead of the value, and loaded with the value."""
    token_value, other_value = set_new_value("token"), set_new_value("other")

    # The option ``secrets`` sets the keys of a secret as environment variables while the step runs: here KEY.
    @step(secrets=["other"])
    def my_step(context: StepContext) -> dict[str, Any]:
        token = _token_secret(context).content["key"]
        return {
            "header": f"Bearer {token}",
            "url": f"https://{token}:{os.environ['KEY']}@host/{token}",
            "nested": [("x", {token: token})],
            "environment": os.environ["KEY"],
            "plain": "as it is",
        }

    @pipeline
    def my_pipeline() -> None:
        my_step()

    artifact = my_pipeline().steps["my_step"].output
    assert find_canary(Path(artifact.uri)) == []
    loaded = artifact.load()
    assert loaded == {
        "header": f"Bearer {token_value}",
        "url": f"https://{token_value}:{other_value}@host/{token_value}",
        "nested": [("x", {token_value: token_value})],
        "environment": other_value,
        "plain": "as it is",
    }
    assert type(loaded["environment"]) is str


class _Holder:
    """An object of a user's class with a value in an attribute."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.encoded = base64.b64encode(f"user:{token}".encode())


_OBJECTS_WITH_A_VALUE: dict[str, Callable[[str], Any]] = {
    "text that resembles a reference": lambda value: "{{a.b}} " + value,
    "bytes": lambda value: value.encode(),
    "bytearray": lambda value: bytearray(value.encode()),
    "base64 of user and value": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
    "header of basic auth": lambda value: {"Authorization": "Basic " + base64.b64encode(f"ada:{value}".encode()).decode()},
    "hex": lambda value: value.encode().hex(),
    "URL-encoded": lambda value: urllib.parse.quote(value + "&x=/"),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"k": value})),
    "pickle": lambda value: pickle.dumps({"k": value}),
    "array of texts": lambda value: np.array([value, "x"]),
    "array of bytes": lambda value: np.array([value.encode()]),
    "array of objects": lambda value: np.array([value, None], dtype=object),
    "data frame": lambda value: pd.DataFrame({"token": [value, "x"]}),
    "index of a data frame": lambda value: pd.DataFrame({"a": [1]}, index=[f"Bearer {value}"]),
    "state of an object": _Holder,
    "path": lambda value: Path("/tokens") / value,
    "key of a dict": lambda value: {value: {(value, 1)}},
    "closure": lambda value: lambda: value,
    "default of a function": lambda value: lambda token=value: token,
    "partial": lambda value: functools.partial(str.replace, value, "x"),
    "exception": lambda value: ValueError(f"wrong token {value}"),
}
"""Functions that make an object with a value in it."""


def _comparable(loaded: Any) -> Any:
    """Return an object's content if ``==`` does not compare contents of objects of its type."""
    if isinstance(loaded, _Holder):
        return vars(loaded)
    if isinstance(loaded, (Exception, functools.partial)):
        return loaded.args
    if callable(loaded):
        return loaded()
    return loaded.tolist() if isinstance(loaded, np.ndarray) else loaded


@pytest.mark.parametrize("make", _OBJECTS_WITH_A_VALUE.values(), ids=_OBJECTS_WITH_A_VALUE)
def test_any_object_with_a_value_is_stored_without_it(
    make: Callable[[str], Any], set_new_value: Callable[..., str], tmp_path: Path
) -> None:
    """If an output or an argument contains a value, no file contains the value.

    This is true for any encoding of the value. The output and the argument are loaded unchanged.
    """
    value = set_new_value("token")
    artifact = _run_and_store(lambda context: make(_token_secret(context).content["key"]))
    assert find_canary(tmp_path) == []
    loaded = artifact.load()
    if isinstance(loaded, pd.DataFrame):
        pd.testing.assert_frame_equal(loaded, make(value))
    else:
        assert _comparable(loaded) == _comparable(make(value))
    received_arguments: list[Any] = []

    @step(enable_cache=False)
    def take(argument: Any) -> None:
        received_arguments.append(argument)

    @pipeline
    def my_pipeline() -> None:
        take(make(value))

    # This records the call of the step, with its pickled argument, and does not run the step.
    with trace_pipeline("my_pipeline") as graph:
        take(make(value))
    for call in graph.calls.values():
        (argument,) = call.inputs.values()
        assert isinstance(argument, PickledArgument)
        assert find_canary(argument.data) == []
    my_pipeline()
    # Two data frames have no single result of ``==``, so the texts are compared.
    assert str(_comparable(received_arguments[0])) == str(_comparable(make(value)))
    assert find_canary(tmp_path) == []


def test_a_sealed_output_opens_only_in_its_workspace(
    set_new_value: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no reference can replace a value in an output, the output is sealed.

    A process with the same home folder loads it. A process with another home folder does not.
    """
    value = set_new_value("token")
    file = Path(_run_and_store(lambda context: _token_secret(context).content["key"].encode()).uri, "value.pkl")
    code = "import json, pickle, sys; print(json.dumps(pickle.loads(open(sys.argv[1], 'rb').read()).decode()))"
    assert run_python(code, str(file)) == value
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "another"))
    with pytest.raises(ArtifactError, match="another workspace encrypted it, or its key no longer exists") as caught:
        pickle.loads(file.read_bytes())  # noqa: S301 - the test itself wrote the bytes
    assert find_canary(error_details(caught.value)) == []


def test_a_step_fails_if_its_output_can_t_be_sealed(
    set_new_value: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If the passphrase is wrong and an output has to be sealed, the step fails with the reason and writes nothing."""
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "right")
    value = set_new_value("token")
    Client().workspace.seal(b"this creates the data key")
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "wrong")
    # From here on, this process is like a new one, which has no open workspace and remembers no passphrase.
    workspace._workspaces.clear()
    passphrase.forget_passphrases()
    with pytest.raises(ArtifactError, match="the value of a secret that no reference can replace, and can't be encrypted") as caught:
        _run_and_store(lambda _: value.encode())
    assert find_canary(error_details(caught.value)) == []
    assert find_canary(tmp_path) == []


# All examples use the same client, so the secret may exist already. Forty examples keep the test fast.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.recursive(st.text(max_size=5) | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_nested_values_are_loaded_unchanged_and_stored_without_the_value(client: Client, data: Any) -> None:
    """Any nested list whose texts contain a value is stored without it, and loaded unchanged."""
    manager = client.secrets_manager
    if "token" not in manager.list_secrets():
        manager.register_secret(ArbitrarySecretSchema(name="token", arbitrary_kv_pairs={"key": canary("token")}))
    value = manager.get_secret("token").content["key"]

    def add_value(tree: Any) -> Any:
        if isinstance(tree, list):
            return [add_value(item) for item in tree]
        return f"{tree}{value}" if isinstance(tree, str) else tree

    def make(context: StepContext) -> Any:
        # The step reads the secret whose value its output contains.
        _token_secret(context)
        return add_value([data, "x"])

    artifact = _run_and_store(make)
    assert find_canary(Path(artifact.uri)) == []
    assert artifact.load() == add_value([data, "x"])


def test_an_output_that_can_t_be_pickled_is_refused(set_new_value: Callable[..., str]) -> None:
    """The error names the output, the step and the type that can't be pickled, and quotes no value."""
    set_new_value("token")

    class Unpicklable:
        def __init__(self, context: StepContext) -> None:
            self.token = _token_secret(context).content["key"]
            self.socket = socket.socket()
            self.socket.close()

        def __repr__(self) -> str:
            return f"Unpicklable({self.token})"

        def __reduce__(self) -> Any:
            # The text of this error contains the value.
            raise pickle.PicklingError(repr(self))

    for make, error_text in (
        (Unpicklable, "Unpicklable"),
        (lambda context: [Unpicklable(context).socket, _token_secret(context).content], "socket"),
    ):
        with pytest.raises(ArtifactError, match=f"Output 'output' of step 'my_step' can't be stored: a {error_text}") as caught:
            _run_and_store(make)
        assert find_canary(error_details(caught.value)) == []


def test_an_unregistered_secret_is_refused_and_its_value_is_sealed(tmp_path: Path) -> None:
    """A secret that no secrets manager has can't be stored. If only its value is stored, the value is sealed."""
    unregistered_secret = ArbitrarySecretSchema(name="by_hand", arbitrary_kv_pairs={"key": canary("hand")})
    with pytest.raises(ArtifactError, match=r"‹secret:by_hand.*› belongs to no registered secret") as caught:
        _run_and_store(lambda _: unregistered_secret)
    assert find_canary(error_details(caught.value)) == []
    assert _run_and_store(lambda _: unregistered_secret.content["key"]).load() == unregistered_secret.content["key"]
    assert find_canary(tmp_path) == []


def test_a_load_with_a_deleted_secret_raises_the_error_of_the_manager(client: Client, set_new_value: Callable[..., str]) -> None:
    """If the secret in an output was deleted, loading the output raises SecretNotFoundError."""
    set_new_value("token")
    artifact = _run_and_store(lambda context: _token_secret(context).content["key"])
    client.secrets_manager.delete_secret("token")
    with pytest.raises(SecretNotFoundError):
        artifact.load()


def test_a_load_of_a_damaged_or_missing_file_raises_artifact_error() -> None:
    """A missing file and a damaged pickle raise ArtifactErrors that name the output."""
    artifact = _run_and_store(lambda _: 1)
    file = Path(artifact.uri, "value.pkl")
    # This pickle ends before it has an object.
    file.write_bytes(b"\x80\x05.")
    with pytest.raises(ArtifactError, match="Output 'output' of step 'my_step' can't be loaded here"):
        artifact.load()
    # This pickle loads an object of a module that does not exist.
    file.write_bytes(b"cmodule_that_is_nowhere\nthing\n.")
    with pytest.raises(ArtifactError, match="needs the module 'module_that_is_nowhere'"):
        artifact.load()
    file.unlink()
    assert not artifact.is_unchanged()
    with pytest.raises(ArtifactError, match="can't be read from the artifact store: No such file"):
        artifact.load()


def test_a_store_that_can_t_be_written_raises_artifact_error(client: Client, tmp_path: Path) -> None:
    """If the path of the artifact store is a file, the run fails.

    The error has no cause and no context.
    """
    file = tmp_path / "file"
    file.touch()
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "mine", "local", {"path": str(file)})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "mine"})
    with pytest.raises(ArtifactError, match="can't be written to the artifact store") as caught:
        _run_and_store(lambda _: 1)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_store_can_use_any_file_system_of_fsspec(client: Client, set_new_value: Callable[..., str]) -> None:
    """Outputs and the cache can be stored at any URL that fsspec supports. An unknown scheme raises an error."""
    value = set_new_value("token")
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "mem", "custom", {"path": "memory://bucket/artifacts"})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "mem"})

    @step(enable_cache=True)
    def my_step(context: StepContext) -> Any:
        assert context.get_output_artifact_uri().startswith("memory://bucket/artifacts/")
        return _token_secret(context).content["key"]

    @pipeline
    def my_pipeline() -> None:
        my_step()

    runs = [my_pipeline(), my_pipeline()]
    assert [run.steps["my_step"].status.value for run in runs] == ["completed", "cached"]
    assert [run.steps["my_step"].output.load() == value for run in runs] == [True, True]
    client.workspace.update_component(ComponentType.ARTIFACT_STORE, "mem", {"path": "nosuchscheme://bucket"})
    with pytest.raises(ArtifactError, match="nothing installed here reads nosuchscheme://"):
        my_pipeline()


def test_resolved_attributes_are_the_credentials_of_a_store(client: Client, set_new_value: Callable[..., str]) -> None:
    """The file system of a custom store gets its attributes with references resolved."""
    import fsspec

    value = set_new_value("token")
    file_system_options: list[dict[str, Any]] = []

    class Recording(fsspec.get_filesystem_class("memory")):  # type: ignore[misc] # fsspec has no type annotations
        protocol = "recording"

        def __init__(self, **options: Any) -> None:
            # The options are the attributes of the artifact store, except its path.
            super().__init__()
            file_system_options.append(options)

    fsspec.register_implementation("recording", Recording, clobber=True)
    attributes = {"path": "recording://bucket", "token": "{{token.key}}"}
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "own", "custom", attributes)
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "own"})
    artifact = _run_and_store(lambda _: 1)
    assert file_system_options[0]["token"] == value
    assert find_canary(repr(artifact) + repr(artifact.folder) + repr(artifact.folder.files)) == []


def test_a_custom_materializer_stores_an_output(client: Client) -> None:
    """A later step, a run and the cache load the files of a custom materializer. A changed file is a cache miss."""

    class TextMaterializer(BaseMaterializer):
        def handle_return(self, data: str) -> None:
            self.artifact.write("text.txt", data.encode())

        def handle_input(self, data_type: type[Any] = object) -> str:  # noqa: ARG002 - ZenML's signature
            return self.artifact.read("text.txt").decode()

    @step(output_materializers=TextMaterializer)
    def my_step() -> str:
        return "hello"

    @step
    def use(text: str) -> str:
        return f"{text} there"

    @pipeline
    def both() -> None:
        use(my_step())

    runs = [both(), both()]
    assert [[step_run.status.value for step_run in run.steps.values()] for run in runs] == [["completed"] * 2, ["cached"] * 2]
    for run in runs:
        assert run.steps["my_step"].output.load() == "hello"
        assert run.steps["use"].output.load() == "hello there"
    Path(runs[0].steps["my_step"].output.uri, "text.txt").write_text("changed")
    assert both().steps["my_step"].status.value == "completed"


def test_a_materializer_that_writes_a_value_is_refused(client: Client, set_new_value: Callable[..., str]) -> None:
    """If a materializer writes a value, the error names the secret and the file.

    The files are deleted: the fixture ``_check_for_leaks`` searches the home folder.
    """
    set_new_value("token")

    class TextMaterializer(BaseMaterializer):
        def handle_return(self, data: str) -> None:
            Path(self.artifact.uri, "text.txt").write_text(data)

    @step(output_materializers=TextMaterializer)
    def my_step(context: StepContext) -> Annotated[str, "text"]:
        return str(_token_secret(context).content["key"])

    @pipeline
    def my_pipeline() -> None:
        my_step()

    with pytest.raises(ArtifactError, match=r"TextMaterializer wrote the value of ‹secret:token\.key› to text\.txt") as caught:
        my_pipeline()
    assert find_canary(error_details(caught.value)) == []


def test_invalid_materializers_are_refused() -> None:
    """A materializer of an unknown output, or a class that is no materializer, raises an error when the step is created."""

    def my_step() -> int:
        return 1

    with pytest.raises(StepInterfaceError, match="has no output 'other' to materialize"):
        step(output_materializers={"other": BaseMaterializer})(my_step)
    with pytest.raises(StepInterfaceError, match="no materializer"):
        step(output_materializers=int)(my_step)  # type: ignore[arg-type] # the test passes a wrong type


def test_a_step_fails_with_a_wrong_number_of_outputs(client: Client) -> None:
    """If a step returns a wrong number of outputs, the error names the declared ones."""
    for returned_value in (1, (1,), (1, 2, 3)):

        @step(enable_cache=False)
        def two() -> tuple[Annotated[int, "a"], Annotated[int, "b"]]:
            return returned_value  # type: ignore[return-value] # noqa: B023 - the step runs before the loop variable changes

        @pipeline
        def my_pipeline() -> None:
            two()

        with pytest.raises(StepInterfaceError, match=r"declares 2 outputs \(a, b\) and returned"):
            my_pipeline()


def test_the_error_for_a_missing_file_system_names_the_package(client: Client) -> None:
    """If the package of a cloud store's file system is not installed, the error has the command that installs it."""
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "gcs", "gcp", {"path": "gs://bucket"})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "gcs"})
    with pytest.raises(ArtifactError, match="pip install gcsfs"):
        _run_and_store(lambda _: 1)
