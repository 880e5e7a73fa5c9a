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

LOAD = """
import json, pickle, sys
value = pickle.loads(open(sys.argv[1], "rb").read())
print(json.dumps([value["value"], value["secret"].content["key"]]))
"""


def _run_and_store(make: Callable[[StepContext], Any]) -> Artifact:
    """Run a step that returns ``make(context)``, and return the artifact of its output."""

    @step
    def some(context: StepContext) -> Any:
        return make(context)

    @pipeline
    def one() -> None:
        some()

    return one().steps["some"].output


def _secret(context: StepContext) -> Any:
    """Return the secret ``token`` of the stack."""
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


def test_a_secret_and_its_values_are_stored_as_references(plant: Callable[..., str]) -> None:
    """A stored secret is loaded in another process with its current values, as plain texts."""
    value = plant("token")
    artifact = _run_and_store(lambda context: {"value": _secret(context).content["key"], "secret": _secret(context)})
    file = Path(artifact.uri, "value.pkl")
    assert find_canary(file) == []
    assert run_python(LOAD, str(file)) == [value, value]
    rotated = plant("token")
    loaded = run_python(LOAD, str(file))
    assert loaded == [rotated, rotated]
    assert artifact.load()["value"] == rotated


def test_texts_that_contain_a_value_are_stored_as_templates(plant: Callable[..., str]) -> None:
    """Headers, URLs and nested texts are stored without the value, and loaded with it."""
    one, two = plant("token"), plant("other")

    @step(secrets=["other"])
    def some(context: StepContext) -> dict[str, Any]:
        token = _secret(context).content["key"]
        return {
            "header": f"Bearer {token}",
            "url": f"https://{token}:{os.environ['KEY']}@host/{token}",
            "nested": [("x", {token + "": str.__str__(token)})],
            "environment": os.environ["KEY"],
            "plain": "as it is",
        }

    @pipeline
    def both() -> None:
        some()

    artifact = both().steps["some"].output
    assert find_canary(Path(artifact.uri)) == []
    loaded = artifact.load()
    assert loaded == {
        "header": f"Bearer {one}",
        "url": f"https://{one}:{two}@host/{one}",
        "nested": [("x", {one: one})],
        "environment": two,
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


def _as_plain(item: Any) -> Any:
    """Return the content of an object, because a loaded object is another object."""
    if isinstance(item, _Holder):
        return vars(item)
    if isinstance(item, Exception):
        return item.args
    if isinstance(item, functools.partial):
        return item.args
    return item() if callable(item) else item.tolist() if isinstance(item, np.ndarray) else item


@pytest.mark.parametrize("make", _OBJECTS_WITH_A_VALUE.values(), ids=_OBJECTS_WITH_A_VALUE)
def test_any_object_with_a_value_is_stored_without_it(make: Callable[[str], Any], plant: Callable[..., str], tmp_path: Path) -> None:
    """Outputs and arguments are loaded unchanged, and no file contains the value in any encoding."""
    value = plant("token")
    artifact = _run_and_store(lambda context: make(_secret(context).content["key"]))
    assert find_canary(tmp_path) == []
    loaded = artifact.load()
    if isinstance(loaded, pd.DataFrame):
        pd.testing.assert_frame_equal(loaded, make(value))
    else:
        assert _as_plain(loaded) == _as_plain(make(value))
    received: list[Any] = []

    @step(enable_cache=False)
    def take(thing: Any) -> None:
        received.append(thing)

    @pipeline
    def one() -> None:
        take(make(value))

    with trace_pipeline("one") as graph:
        take(make(value))
    for call in graph.calls.values():
        assert [find_canary(item.data) for item in call.inputs.values() if isinstance(item, PickledArgument)] == [[]]
    one()
    assert str(_as_plain(received[0])) == str(_as_plain(make(value)))
    assert find_canary(tmp_path) == []


def test_a_sealed_output_opens_only_in_its_workspace(plant: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process with the same home loads a sealed output; another home raises an error."""
    value = plant("token")
    file = Path(_run_and_store(lambda context: _secret(context).content["key"].encode()).uri, "value.pkl")
    code = "import json, pickle, sys; print(json.dumps(pickle.loads(open(sys.argv[1], 'rb').read()).decode()))"
    assert run_python(code, str(file)) == value
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "another"))
    with pytest.raises(ArtifactError, match="another workspace encrypted it, or its key no longer exists") as caught:
        pickle.loads(file.read_bytes())  # noqa: S301 - the test itself wrote the bytes
    assert find_canary(error_details(caught.value)) == []


def test_a_step_fails_if_its_output_can_t_be_sealed(plant: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a wrong passphrase, the step fails with the reason and writes nothing."""
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "right")
    value = plant("token")
    Client().workspace.seal(b"this creates the data key")
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "wrong")
    workspace._workspaces.clear()
    passphrase.forget_passphrases()
    with pytest.raises(ArtifactError, match="the value of a secret that no reference can replace, and can't be encrypted") as caught:
        _run_and_store(lambda _: value.encode())
    assert find_canary(error_details(caught.value)) == []
    assert find_canary(tmp_path) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.recursive(st.text(max_size=5) | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_nested_values_are_loaded_unchanged_and_stored_without_the_value(client: Client, data: Any) -> None:
    """Any nesting of lists and texts around a value is loaded unchanged."""
    manager = client.secrets_manager
    if "token" not in manager.list_secrets():
        manager.register_secret(ArbitrarySecretSchema(name="token", arbitrary_kv_pairs={"key": canary("token")}))
    value = str.__str__(manager.get_secret("token").content["key"]) + ""

    def add_value(item: Any) -> Any:
        return [add_value(inner) for inner in item] if isinstance(item, list) else f"{item}{value}" if isinstance(item, str) else item

    def make(context: StepContext) -> Any:
        _secret(context)
        return add_value([data, "x"])

    artifact = _run_and_store(make)
    assert find_canary(Path(artifact.uri)) == []
    assert artifact.load() == add_value([data, "x"])


def test_an_output_that_can_t_be_pickled_is_refused(plant: Callable[..., str]) -> None:
    """The error names the output, the step and the type, and quotes no value."""
    plant("token")

    class Closed:
        def __init__(self, context: StepContext) -> None:
            self.token = _secret(context).content["key"]
            self.socket = socket.socket()
            self.socket.close()

        def __repr__(self) -> str:
            return f"Closed({str.__str__(self.token)})"

        def __reduce__(self) -> Any:
            raise pickle.PicklingError(repr(self))

    for make, error_text in ((Closed, "Closed"), (lambda context: [Closed(context).socket, _secret(context).content], "socket")):
        with pytest.raises(ArtifactError, match=f"Output 'output' of step 'some' can't be stored: a {error_text}") as caught:
            _run_and_store(make)
        assert find_canary(error_details(caught.value)) == []


def test_an_unregistered_secret_is_refused_and_its_value_is_sealed(tmp_path: Path) -> None:
    """A secret without a secrets manager can't be stored, and its value is sealed."""
    unregistered = ArbitrarySecretSchema(name="by_hand", arbitrary_kv_pairs={"key": canary("hand")})
    with pytest.raises(ArtifactError, match=r"‹secret:by_hand.*› belongs to no registered secret") as caught:
        _run_and_store(lambda _: unregistered)
    assert find_canary(error_details(caught.value)) == []
    assert _run_and_store(lambda _: unregistered.content["key"]).load() == unregistered.content["key"]
    assert find_canary(tmp_path) == []


def test_a_load_with_a_deleted_secret_raises_the_error_of_the_manager(client: Client, plant: Callable[..., str]) -> None:
    """After the deletion of a secret, a load raises SecretNotFoundError."""
    plant("token")
    artifact = _run_and_store(lambda context: _secret(context).content["key"])
    client.secrets_manager.delete_secret("token")
    with pytest.raises(SecretNotFoundError):
        artifact.load()


def test_a_load_of_a_damaged_or_missing_file_raises_artifact_error() -> None:
    """A missing file and a damaged pickle raise ArtifactErrors that name the output."""
    artifact = _run_and_store(lambda _: 1)
    file = Path(artifact.uri, "value.pkl")
    file.write_bytes(b"\x80\x05.")
    with pytest.raises(ArtifactError, match="Output 'output' of step 'some' can't be loaded here"):
        artifact.load()
    file.write_bytes(b"cmodule_that_is_nowhere\nthing\n.")
    with pytest.raises(ArtifactError, match="needs the module 'module_that_is_nowhere'"):
        artifact.load()
    file.unlink()
    assert not artifact.is_unchanged()
    with pytest.raises(ArtifactError, match="can't be read from the artifact store: No such file"):
        artifact.load()


def test_a_store_that_can_t_be_written_raises_artifact_error(client: Client, tmp_path: Path) -> None:
    """If the path of the store is a file, the run fails."""
    blocked = tmp_path / "file"
    blocked.touch()
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "mine", "local", {"path": str(blocked)})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "mine"})
    with pytest.raises(ArtifactError, match="can't be written to the artifact store"):
        _run_and_store(lambda _: 1)


def test_a_store_can_use_any_file_system_of_fsspec(client: Client, plant: Callable[..., str]) -> None:
    """Outputs and the cache are stored at a URL; an unknown scheme raises an error."""
    value = plant("token")
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "mem", "custom", {"path": "memory://bucket/artifacts"})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "mem"})

    @step(enable_cache=True)
    def some(context: StepContext) -> Any:
        assert context.get_output_artifact_uri().startswith("memory://bucket/artifacts/")
        return _secret(context).content["key"]

    @pipeline
    def one() -> None:
        some()

    runs = [one(), one()]
    assert [run.steps["some"].status.value for run in runs] == ["completed", "cached"]
    assert [run.steps["some"].output.load() == value for run in runs] == [True, True]
    client.workspace.update_component(ComponentType.ARTIFACT_STORE, "mem", {"path": "nosuchscheme://bucket"})
    with pytest.raises(ArtifactError, match="nothing installed here reads nosuchscheme://"):
        one()


def test_resolved_attributes_are_the_credentials_of_a_store(client: Client, plant: Callable[..., str]) -> None:
    """The file system of a custom store gets its attributes with references resolved."""
    import fsspec

    value = plant("token")
    seen: list[dict[str, Any]] = []

    class Recording(fsspec.get_filesystem_class("memory")):  # type: ignore[misc] # fsspec has no type annotations
        protocol = "recording"

        def __init__(self, **options: Any) -> None:
            super().__init__()
            seen.append(options)

    fsspec.register_implementation("recording", Recording, clobber=True)
    attributes = {"path": "recording://bucket", "token": "{{token.key}}"}
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "own", "custom", attributes)
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "own"})
    artifact = _run_and_store(lambda _: 1)
    assert seen[0]["token"] == value
    assert find_canary(repr(artifact) + repr(artifact.folder) + repr(artifact.folder.files)) == []


def test_a_custom_materializer_stores_an_output(client: Client) -> None:
    """A later step, a run and the cache load the files of a custom materializer."""

    class Text(BaseMaterializer):
        def handle_return(self, data: str) -> None:
            self.artifact.write("text.txt", data.encode())

        def handle_input(self, data_type: type[Any] = object) -> str:  # noqa: ARG002 - ZenML's signature
            return self.artifact.read("text.txt").decode()

    @step(output_materializers=Text)
    def some() -> str:
        return "hello"

    @step
    def use(text: str) -> str:
        return f"{text} there"

    @pipeline
    def both() -> None:
        use(some())

    runs = [both(), both()]
    assert [[step_run.status.value for step_run in run.steps.values()] for run in runs] == [["completed"] * 2, ["cached"] * 2]
    for run in runs:
        assert run.steps["some"].output.load() == "hello"
        assert run.steps["use"].output.load() == "hello there"
    Path(runs[0].steps["some"].output.uri, "text.txt").write_text("changed")
    assert both().steps["some"].status.value == "completed"


def test_a_materializer_that_writes_a_value_is_refused(client: Client, plant: Callable[..., str]) -> None:
    """The files are deleted, and the error names the secret and the file."""
    plant("token")

    class Text(BaseMaterializer):
        def handle_return(self, data: str) -> None:
            Path(self.artifact.uri, "text.txt").write_text(data)

    @step(output_materializers=Text)
    def some(context: StepContext) -> Annotated[str, "text"]:
        return str(_secret(context).content["key"])

    @pipeline
    def one() -> None:
        some()

    with pytest.raises(ArtifactError, match=r"Text wrote the value of ‹secret:token\.key› to text\.txt") as caught:
        one()
    assert find_canary(error_details(caught.value)) == []


def test_invalid_materializers_are_refused() -> None:
    """Unknown outputs and other classes raise an error when the step is created."""

    def some() -> int:
        return 1

    with pytest.raises(StepInterfaceError, match="has no output 'other' to materialize"):
        step(output_materializers={"other": BaseMaterializer})(some)
    with pytest.raises(StepInterfaceError, match="no materializer"):
        step(output_materializers=int)(some)  # type: ignore[arg-type] # the test passes a wrong type


def test_a_step_fails_with_a_wrong_number_of_outputs(client: Client) -> None:
    """The error has the numbers of outputs, and quotes no value."""
    for returned in (1, (1,), (1, 2, 3)):

        @step(enable_cache=False)
        def two() -> tuple[Annotated[int, "a"], Annotated[int, "b"]]:
            return returned  # type: ignore[return-value] # noqa: B023 - the step runs before the loop variable changes

        @pipeline
        def one() -> None:
            two()

        with pytest.raises(StepInterfaceError, match=r"declares 2 outputs \(a, b\) and returned"):
            one()


def test_the_error_for_a_missing_file_system_names_the_package(client: Client) -> None:
    """A cloud store needs the package of its file system."""
    client.workspace.register_component(ComponentType.ARTIFACT_STORE, "gcs", "gcp", {"path": "gs://bucket"})
    client.workspace.update_stack("default", {ComponentType.ARTIFACT_STORE: "gcs"})
    with pytest.raises(ArtifactError, match="pip install gcsfs"):
        _run_and_store(lambda _: 1)
