"""Which earlier run stands for a new one, and that neither the cache's keys nor its records hold a value."""

import concurrent.futures
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.managers.counting import CountingBackend
from tests.support.processes import run_python
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import Step, StepContext, get_step_context, pipeline, step
from zensecrets_jupyter.core.steps.execution.code_digest import code_digest
from zensecrets_jupyter.testing.canary import canary, find_canary


def _statuses(some: Step[Any], *arguments: Any, times: int = 2) -> list[str]:
    """Return what became of a step in that many runs of a pipeline of it."""

    @pipeline
    def one() -> None:
        some(*arguments)

    return [one().steps[some.name].status.value for _ in range(times)]


def _reads_token(context: StepContext) -> bool:
    return bool(context.stack.secrets_manager.get_secret("token").content["key"])


def _records(client: Client) -> list[Path]:
    return list(client.workspace.home.glob("artifact_stores/*/.cache/*"))


def test_the_same_step_with_the_same_inputs_is_found(client: Client) -> None:
    """Inputs count by their content, settings as they are written."""

    @step(settings={"a": 1})
    def some(items: list[int], label: str = "x") -> int:
        return len(items)

    assert _statuses(some, [1, 2]) == ["completed", "cached"]
    assert _statuses(some, [1, 2], times=1) == ["cached"]
    assert _statuses(some, [1, 3], times=1) == ["completed"]
    assert _statuses(some, [1, 2], "y", times=1) == ["completed"]
    some.configure(settings={"a": 2})
    assert _statuses(some, [1, 2], times=1) == ["completed"]
    some.configure(settings={"a": 1})
    assert _statuses(some, [1, 2], times=1) == ["cached"]


def test_a_found_run_s_outputs_feed_the_next_step(client: Client) -> None:
    """An input is told by what it holds, wherever it came from."""

    @step(enable_cache=False)
    def load(n: int) -> int:
        return n

    @step
    def use(n: int) -> int:
        return n + 1

    @pipeline
    def both(n: int) -> None:
        use(load(n))

    assert [both(n).steps["use"].status.value for n in (1, 1, 2, 1)] == ["completed", "cached", "completed", "cached"]
    assert both(1).steps["use"].output.load() == 2


def test_nothing_is_found_where_caching_is_off(client: Client) -> None:
    """For a step by its own word or its context, and for a pipeline as a whole; a run without caching keeps none either."""

    @step(enable_cache=False)
    def off() -> int:
        return 1

    @step
    def with_context(context: StepContext) -> int:
        return 1

    @step(enable_cache=True)
    def told(context: StepContext) -> int:
        return 1

    assert _statuses(off) == ["completed", "completed"]
    assert _statuses(with_context) == ["completed", "completed"]
    assert not _records(client)

    @pipeline(enable_cache=False)
    def none() -> None:
        told()

    assert [none().steps["told"].status.value for _ in range(2)] == ["completed", "completed"]
    assert not _records(client)
    assert _statuses(told) == ["completed", "cached"]


def test_a_rotated_secret_is_a_miss(client: Client, plant: Callable[..., str]) -> None:
    """However the run read it: through the context, the client, settings, a component, the environment, or from threads."""
    plant("token")
    client.workspace.register_component(ComponentType.ALERTER, "mine", "slack", {"slack_token": "{{token.key}}"})
    client.workspace.update_stack("default", {ComponentType.ALERTER: "mine"})

    @step(enable_cache=True)
    def by_context(context: StepContext) -> bool:
        return _reads_token(context)

    @step
    def by_function() -> bool:
        return _reads_token(get_step_context())

    @step
    def by_client() -> bool:
        return bool(Client().get_secret("token").content["key"])

    @step(settings={"token": "{{token.key}}"})
    def by_settings() -> bool:
        return bool(get_step_context().settings.token)

    @step(enable_cache=True)
    def by_component(context: StepContext) -> bool:
        return context.stack.alerter is not None and bool(context.stack.alerter.slack_token)

    @step(secrets=["token"])
    def by_environment() -> bool:
        return bool(os.environ["KEY"])

    @step(enable_cache=True)
    def by_threads(context: StepContext) -> bool:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return all(pool.map(_reads_token, [context] * 4))

    for some in (by_context, by_function, by_client, by_settings, by_component, by_environment, by_threads):
        assert (some.name, _statuses(some)) == (some.name, ["completed", "cached"])
        plant("token")
        assert (some.name, _statuses(some)) == (some.name, ["completed", "cached"])


def test_the_pipeline_s_secrets_count_for_each_step(client: Client, plant: Callable[..., str]) -> None:
    """A secret in the environment of the run may be read by any step of it."""
    plant("token")

    @step
    def some() -> bool:
        return bool(os.environ["KEY"])

    @pipeline(secrets=["token"])
    def one() -> None:
        some()

    first = [one().steps["some"].status.value for _ in range(2)]
    plant("token")
    assert [*first, one().steps["some"].status.value] == ["completed", "cached", "completed"]


def test_a_secret_that_a_step_is_handed_counts(client: Client, plant: Callable[..., str]) -> None:
    """A value that goes from the pipeline's function or from another step into a step is part of what that read."""
    plant("token")

    @step
    def use(token: str) -> int:
        return len(token)

    @step(enable_cache=False)
    def give(context: StepContext) -> str:
        return context.stack.secrets_manager.get_secret("token").content["key"]

    @pipeline
    def both() -> None:
        use(Client().get_secret("token").content["key"])
        use(give())

    runs = [both(), both()]
    plant("token")
    runs.append(both())
    assert [[run.steps[name].status.value for name in ("use", "use_2")] for run in runs] == [
        ["completed", "completed"],
        ["cached", "cached"],
        ["completed", "completed"],
    ]


def test_other_secrets_do_not_count(client: Client, plant: Callable[..., str]) -> None:
    """A secret that the run did not read may change."""
    plant("token")
    plant("other")

    @step(enable_cache=True)
    def some(context: StepContext) -> bool:
        return _reads_token(context)

    assert _statuses(some) == ["completed", "cached"]
    plant("other")
    assert _statuses(some, times=1) == ["cached"]


def test_a_secret_that_is_gone_is_a_miss_and_no_error_of_the_cache(client: Client, plant: Callable[..., str]) -> None:
    """The step runs, and says itself what it misses."""
    plant("token")

    @step(enable_cache=True)
    def some(context: StepContext) -> bool:
        return "token" in context.stack.secrets_manager.list_secrets() and _reads_token(context)

    assert _statuses(some) == ["completed", "cached"]
    client.secrets_manager.delete_secret("token")
    assert _statuses(some) == ["completed", "cached"]


def test_a_run_that_missed_a_secret_is_not_kept(client: Client, plant: Callable[..., str]) -> None:
    """What depends on a secret that is not there has no fingerprint."""

    @step(enable_cache=True)
    def some(context: StepContext) -> bool:
        try:
            return _reads_token(context)
        except KeyError:
            return False

    assert _statuses(some) == ["completed", "completed"]
    plant("token")
    assert _statuses(some) == ["completed", "cached"]


def test_a_run_in_which_a_secret_changed_is_not_kept(client: Client, plant: Callable[..., str]) -> None:
    """A run that read the old value and then the new one stands for neither; one that read the old one only is not found again."""
    plant("token")

    @step(enable_cache=True)
    def rotates_between(context: StepContext) -> bool:
        _reads_token(context)
        plant("token")
        return _reads_token(context)

    @step(enable_cache=True)
    def rotates_after(context: StepContext) -> bool:
        found = _reads_token(context)
        plant("token")
        return found

    assert _statuses(rotates_between) == ["completed", "completed"]
    assert _statuses(rotates_after) == ["completed", "completed"]


def test_a_store_that_is_locked_is_a_miss(client: Client, plant: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody gives the passphrase a cached run that read a secret does not count, and the step runs."""
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "right")
    plant("token")
    code = (
        "import json\n"
        "from zensecrets_jupyter.core.client import Client\n"
        "from zensecrets_jupyter.core.steps import StepContext, pipeline, step\n"
        "@step\n"
        "def some() -> str:\n"
        "    try:\n"
        "        return Client().get_secret('token').content['key'][:0] + 'read'\n"
        "    except Exception as error:\n"
        "        return type(error).__name__\n"
        "@pipeline\n"
        "def one():\n"
        "    some()\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    run = one()\n"
        "print(json.dumps([run.steps['some'].status.value, run.steps['some'].output.load()]))\n"
    )
    assert [run_python(code), run_python(code)] == [["completed", "read"], ["cached", "read"]]
    status, found = run_python(code, environment={"ZENSECRETS_PASSPHRASE": "wrong"})
    assert status == "completed"
    assert found == "WrongPassphraseError"
    passphrase.forget_passphrases()


def test_without_a_secret_no_key_is_opened(client: Client) -> None:
    """Steps that read no secret leave the workspace without any key."""

    @step(enable_cache=True)
    def some(context: StepContext) -> str:
        return context.stack.name

    assert _statuses(some) == ["completed", "cached"]
    assert not list(client.workspace.home.rglob("keys/*"))


def test_keys_and_records_hold_no_value(client: Client, plant: Callable[..., str]) -> None:
    """A record is names and digests; the fingerprint is none that could be made without the workspace's key."""
    value = plant("token")

    @step(settings={"token": "{{token.key}}"}, secrets=["token"])
    def some(context: StepContext) -> bool:
        return _reads_token(context) and bool(context.settings.token)

    some.configure(enable_cache=True)
    assert _statuses(some) == ["completed", "cached"]
    (record,) = _records(client)
    assert find_canary(record) == []
    assert find_canary(record.name) == []
    assert record.stat().st_mode & 0o777 == 0o600
    written = json.loads(record.read_text())
    assert written["reads"] == [[client.secrets_manager.id, "default", "token"]]
    assert value not in record.read_text()
    assert client.workspace.fingerprint("x") != written["fingerprint"] != Client().workspace.fingerprint(value)


def test_damaged_records_are_misses(client: Client) -> None:
    """Whatever a record holds, the step runs and writes another one."""

    @step
    def some() -> int:
        return 1

    assert _statuses(some, times=1) == ["completed"]
    (record,) = _records(client)
    whole = record.read_bytes()
    for damaged in (b"", b"null", b"[]", b"{}", whole[:-5], whole.replace(b'"format": 1', b'"format": 99'), b"\xff\xfe"):
        record.write_bytes(damaged)
        assert _statuses(some) == ["completed", "cached"], damaged


def test_a_found_run_whose_output_is_gone_is_a_miss(client: Client) -> None:
    """Outputs that somebody deleted are made again."""

    @step
    def some() -> int:
        return 1

    assert _statuses(some) == ["completed", "cached"]
    for file in client.workspace.home.rglob("value.pkl"):
        file.unlink()
    assert _statuses(some) == ["completed", "cached"]


def test_another_reference_in_the_stack_is_a_miss(client: Client, plant: Callable[..., str]) -> None:
    """A step that looked at its stack runs again when an attribute there refers to another secret; one that did not, does not."""
    plant("token")
    plant("other")
    client.workspace.register_component(ComponentType.ALERTER, "mine", "slack", {"slack_token": "{{token.key}}"})
    client.workspace.update_stack("default", {ComponentType.ALERTER: "mine"})

    @step(enable_cache=True)
    def looks(context: StepContext) -> bool:
        return context.stack.alerter is not None and bool(context.stack.alerter.slack_token)

    @step
    def looks_away() -> int:
        return 1

    assert _statuses(looks) == _statuses(looks_away) == ["completed", "cached"]
    client.workspace.update_component(ComponentType.ALERTER, "mine", {"slack_token": "{{other.key}}"})
    assert _statuses(looks) == ["completed", "cached"]
    assert _statuses(looks_away, times=1) == ["cached"]


def test_another_secrets_manager_is_a_miss(client: Client, plant: Callable[..., str]) -> None:
    """A run that read a secret counts only on a stack whose secrets are the same ones."""
    plant("token")

    @step
    def some() -> bool:
        return bool(Client().get_secret("token").content["key"])

    assert _statuses(some) == ["completed", "cached"]
    client.workspace.register_component(ComponentType.SECRETS_MANAGER, "other", "memory", {})
    client.workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "other"})
    plant("token")
    assert _statuses(some) == ["completed", "cached"]


def test_each_secret_is_read_once_to_look_whether_a_run_counts(client: Client) -> None:
    """A counting manager sees a read a secret for the first run, and none for a cached one within the time to live."""
    client.workspace.register_component(ComponentType.SECRETS_MANAGER, "counted", CountingBackend.FLAVOR, {})
    client.workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "counted"})
    manager = client.secrets_manager
    backend = manager.backend
    assert isinstance(backend, CountingBackend)
    for name in ("token", "other"):
        backend.put(name, key=canary(name))

    @step(enable_cache=True)
    def some(context: StepContext) -> int:
        for _ in range(1000):
            _reads_token(context)
            _ = context.stack.secrets_manager.get_secret("other").content
        return 1

    assert _statuses(some, times=3) == ["completed", "cached", "cached"]
    assert sorted(backend.reads) == ["other", "token"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("def f(n): return n + 1", "def f(n): return n + 1  # a comment\n\n", True),
        ("def f(n): return n + 1", "\n\n\ndef f(n):\n    return n + 1", True),
        ("def f(n): return n + 1", "def f(n): return n + 2", False),
        ("def f(n): return n + 1", "def f(n): return n + 1.0", False),
        ("def f(n): return n.a", "def f(n): return n.b", False),
        ("def f(n): return print(n)", "def f(n): return repr(n)", False),
        ("def f(n): return n in {'a', 'b', 'c'}", "def f(n): return n in {'c', 'b', 'a'}", True),
        ("def f(n): return [m + 1 for m in n]", "def f(n): return [m + 2 for m in n]", False),
        ("def f(n, m=1): return n", "def f(n, m=2): return n", False),
        ("def g(): return 1\ndef f(n): return g()", "def g(): return 2\ndef f(n): return g()", False),
        (
            "def g(): return h()\ndef h(): return 1\ndef f(n): return g()",
            "def g(): return h()\ndef h(): return 2\ndef f(n): return g()",
            False,
        ),
        ("class G:\n def m(self): return 1\ndef f(n): return G()", "class G:\n def m(self): return 2\ndef f(n): return G()", False),
        ("def g(): return f(1)\ndef f(n): return g()", "def g(): return f(1)\ndef f(n): return g()", True),
        ("def w(m):\n def f(n): return m\n return f\nf = w(1)", "def w(m):\n def f(n): return m\n return f\nf = w(2)", False),
        ("def w(m):\n def f(n): return m\n return f\nf = w(1)", "def w(m):\n def f(n): return m\n return f\nf = w(1)", True),
    ],
)
def test_functions_are_told_apart_by_what_they_do(one: str, other: str, *, same: bool) -> None:
    """White space and comments don't count; constants, names, defaults, closures and helpers of the same module do."""
    spaces: list[dict[str, Any]] = [{"__name__": "cell"}, {"__name__": "cell"}]
    for text, space in zip((one, other), spaces, strict=True):
        exec(text, space)  # noqa: S102 - that is the point
    assert (code_digest(spaces[0]["f"]) == code_digest(spaces[1]["f"])) is same
    assert code_digest(spaces[0]["f"]) is not None


def test_functions_that_hold_what_can_t_be_told_are_not_cached(client: Client, plant: Callable[..., str]) -> None:
    """An open lock in a closure, and a secret that was read before the run, which may be another by now."""
    plant("token")
    lock = threading.Lock()
    token = client.get_secret("token").content["key"]
    secret = client.get_secret("token")

    @step
    def holds_lock() -> bool:
        return lock.locked()

    @step
    def holds_value() -> int:
        return len(token)

    @step
    def holds_secret() -> int:
        return len(secret.content)

    space: dict[str, Any] = {"step": step, "token": token, "__name__": "cell"}
    exec("@step\ndef by_global() -> int:\n    return len(token)", space)  # noqa: S102 - that is the point
    for some in (holds_lock, holds_value, holds_secret, space["by_global"]):
        assert (some.name, _statuses(some)) == (some.name, ["completed", "completed"])


def test_code_is_the_same_however_often_it_ran() -> None:
    """Python rewrites a function's code while it warms up; that does not show."""

    def warm(n: int) -> int:
        return sum(m * 2 for m in range(n)) + len(str(n))

    before = code_digest(warm)
    for n in range(2000):
        warm(n % 7)
    assert code_digest(warm) == before


@given(st.text(max_size=50), st.text(max_size=50))
def test_different_constants_are_different_code(one: str, other: str) -> None:
    """Two functions that return a text each are the same code exactly if the texts are equal."""
    spaces: list[dict[str, Any]] = [{}, {}]
    for text, space in zip((one, other), spaces, strict=True):
        exec(f"def f(): return {text!r}", space)  # noqa: S102 - that is the point
    assert (code_digest(spaces[0]["f"]) == code_digest(spaces[1]["f"])) is (one == other)


def test_code_is_the_same_in_another_process() -> None:
    """The order of sets and the addresses of objects differ there, the digest does not."""
    code = "def f(n):\n    return n in {'a', 'b', 'c', 'd', 'e'} and (lambda m: m)(n)\n"
    space: dict[str, Any] = {}
    exec(code, space)  # noqa: S102 - that is the point
    imports = "import json, sys\nfrom zensecrets_jupyter.core.steps.execution.code_digest import code_digest\n"
    there = f"{imports}exec(sys.argv[1])\nprint(json.dumps(code_digest(f)))"
    for seed in ("1", "2"):
        assert run_python(there, code, environment={"PYTHONHASHSEED": seed}) == code_digest(space["f"])
