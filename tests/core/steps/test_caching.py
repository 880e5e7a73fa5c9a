"""The cache of steps: hits, misses, and records without the values of secrets."""

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


def _statuses(my_step: Step[Any], *arguments: Any, run_count: int = 2) -> list[str]:
    """Return the status of the step in each of ``run_count`` runs.

    Each run is a run of a pipeline that calls the step once.
    """

    @pipeline
    def my_pipeline() -> None:
        my_step(*arguments)

    return [my_pipeline().steps[my_step.name].status.value for _ in range(run_count)]


def _read_token(context: StepContext) -> bool:
    """Read the secret ``token``, and return whether it has a value."""
    return bool(context.stack.secrets_manager.get_secret("token").content["key"])


def _cache_records(client: Client) -> list[Path]:
    """Return the files in which the cache stores its records of runs."""
    return list(client.workspace.home.glob("artifact_stores/*/.cache/*"))


def test_a_step_with_equal_inputs_and_settings_is_cached(client: Client) -> None:
    """If the inputs and the settings of a step are equal to those of an earlier run, the step is not run again."""

    @step(settings={"a": 1})
    def my_step(items: list[int], label: str = "x") -> int:
        return len(items)

    assert _statuses(my_step, [1, 2]) == ["completed", "cached"]
    assert _statuses(my_step, [1, 2], run_count=1) == ["cached"]
    assert _statuses(my_step, [1, 3], run_count=1) == ["completed"]
    assert _statuses(my_step, [1, 2], "y", run_count=1) == ["completed"]
    my_step.configure(settings={"a": 2})
    assert _statuses(my_step, [1, 2], run_count=1) == ["completed"]
    my_step.configure(settings={"a": 1})
    assert _statuses(my_step, [1, 2], run_count=1) == ["cached"]


def test_cached_outputs_are_inputs_of_the_next_step(client: Client) -> None:
    """An input that another step returned is compared by its content.

    So a step is cached even if the other step runs again.
    """

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


def test_nothing_is_cached_with_caching_off(client: Client) -> None:
    """A step or pipeline with caching off never reads or writes the cache.

    For a step with a parameter for its context, caching is off by default.
    """

    @step(enable_cache=False)
    def without_caching() -> int:
        return 1

    @step
    def with_context(context: StepContext) -> int:
        return 1

    @step(enable_cache=True)
    def with_caching(context: StepContext) -> int:
        return 1

    assert _statuses(without_caching) == ["completed", "completed"]
    assert _statuses(with_context) == ["completed", "completed"]
    assert not _cache_records(client)

    @pipeline(enable_cache=False)
    def none() -> None:
        with_caching()

    assert [none().steps["with_caching"].status.value for _ in range(2)] == ["completed", "completed"]
    assert not _cache_records(client)
    assert _statuses(with_caching) == ["completed", "cached"]


def test_a_rotated_secret_is_a_miss(client: Client, set_new_value: Callable[..., str]) -> None:
    """A changed secret is a cache miss for each way to read it."""
    set_new_value("token")
    client.workspace.register_component(ComponentType.ALERTER, "mine", "slack", {"slack_token": "{{token.key}}"})
    client.workspace.update_stack("default", {ComponentType.ALERTER: "mine"})

    @step(enable_cache=True)
    def by_context(context: StepContext) -> bool:
        return _read_token(context)

    @step
    def by_function() -> bool:
        return _read_token(get_step_context())

    @step
    def by_client() -> bool:
        return bool(Client().get_secret("token").content["key"])

    @step(settings={"token": "{{token.key}}"})
    def by_settings() -> bool:
        return bool(get_step_context().settings.token)

    @step(enable_cache=True)
    def by_component(context: StepContext) -> bool:
        return context.stack.alerter is not None and bool(context.stack.alerter.slack_token)

    # The option ``secrets`` sets the keys of a secret as environment variables while the step runs: here KEY.
    @step(secrets=["token"])
    def by_environment() -> bool:
        return bool(os.environ["KEY"])

    @step(enable_cache=True)
    def by_threads(context: StepContext) -> bool:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return all(pool.map(_read_token, [context] * 4))

    for each_step in (by_context, by_function, by_client, by_settings, by_component, by_environment, by_threads):
        assert (each_step.name, _statuses(each_step)) == (each_step.name, ["completed", "cached"])
        set_new_value("token")
        assert (each_step.name, _statuses(each_step)) == (each_step.name, ["completed", "cached"])


def test_a_rotated_secret_of_the_pipeline_is_a_miss(client: Client, set_new_value: Callable[..., str]) -> None:
    """A changed secret of a pipeline is a cache miss for its steps."""
    set_new_value("token")

    @step
    def my_step() -> bool:
        return bool(os.environ["KEY"])

    @pipeline(secrets=["token"])
    def my_pipeline() -> None:
        my_step()

    statuses = [my_pipeline().steps["my_step"].status.value for _ in range(2)]
    set_new_value("token")
    assert [*statuses, my_pipeline().steps["my_step"].status.value] == ["completed", "cached", "completed"]


def test_a_rotated_secret_in_an_input_is_a_miss(client: Client, set_new_value: Callable[..., str]) -> None:
    """A changed secret is a cache miss for a step with the secret's value as input."""
    set_new_value("token")

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

    # The second call of the step ``use`` in a pipeline has the name ``use_2``.
    runs = [both(), both()]
    set_new_value("token")
    runs.append(both())
    assert [[run.steps[name].status.value for name in ("use", "use_2")] for run in runs] == [
        ["completed", "completed"],
        ["cached", "cached"],
        ["completed", "completed"],
    ]


def test_a_change_of_an_unused_secret_is_a_hit(client: Client, set_new_value: Callable[..., str]) -> None:
    """A change of a secret that the run did not read is a cache hit."""
    set_new_value("token")
    set_new_value("other")

    @step(enable_cache=True)
    def my_step(context: StepContext) -> bool:
        return _read_token(context)

    assert _statuses(my_step) == ["completed", "cached"]
    set_new_value("other")
    assert _statuses(my_step, run_count=1) == ["cached"]


def test_a_deleted_secret_is_a_miss(client: Client, set_new_value: Callable[..., str]) -> None:
    """If a secret was deleted, a step that has read it runs again."""
    set_new_value("token")

    @step(enable_cache=True)
    def my_step(context: StepContext) -> bool:
        return "token" in context.stack.secrets_manager.list_secrets() and _read_token(context)

    assert _statuses(my_step) == ["completed", "cached"]
    client.secrets_manager.delete_secret("token")
    # The first run after the deletion does not read the secret, so the second one is cached.
    assert _statuses(my_step) == ["completed", "cached"]


def test_a_run_with_a_missing_secret_is_not_cached(client: Client, set_new_value: Callable[..., str]) -> None:
    """A run that could not read a secret is not cached."""

    @step(enable_cache=True)
    def my_step(context: StepContext) -> bool:
        try:
            return _read_token(context)
        except KeyError:
            # SecretNotFoundError is a KeyError.
            return False

    assert _statuses(my_step) == ["completed", "completed"]
    set_new_value("token")
    assert _statuses(my_step) == ["completed", "cached"]


def test_a_run_during_which_a_secret_changed_is_not_cached(client: Client, set_new_value: Callable[..., str]) -> None:
    """A run is not cached if a secret changed during the run.

    The change may be between two reads or after the last read.
    """
    set_new_value("token")

    @step(enable_cache=True)
    def rotates_between(context: StepContext) -> bool:
        _read_token(context)
        set_new_value("token")
        return _read_token(context)

    @step(enable_cache=True)
    def rotates_after(context: StepContext) -> bool:
        has_token = _read_token(context)
        set_new_value("token")
        return has_token

    assert _statuses(rotates_between) == ["completed", "completed"]
    assert _statuses(rotates_after) == ["completed", "completed"]


def test_a_locked_store_is_a_miss(client: Client, set_new_value: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wrong passphrase, a cached run that read a secret is not reused.

    The step runs and gets the error.
    """
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "right")
    set_new_value("token")
    code = (
        "import json\n"
        "from zensecrets_jupyter.core.client import Client\n"
        "from zensecrets_jupyter.core.steps import StepContext, pipeline, step\n"
        "@step\n"
        "def my_step() -> str:\n"
        "    try:\n"
        "        Client().get_secret('token').content['key']\n"
        "        return 'read'\n"
        "    except Exception as error:\n"
        "        return type(error).__name__\n"
        "@pipeline\n"
        "def my_pipeline():\n"
        "    my_step()\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    run = my_pipeline()\n"
        "print(json.dumps([run.steps['my_step'].status.value, run.steps['my_step'].output.load()]))\n"
    )
    assert [run_python(code), run_python(code)] == [["completed", "read"], ["cached", "read"]]
    status, output = run_python(code, environment={"ZENSECRETS_PASSPHRASE": "wrong"})
    assert status == "completed"
    assert output == "WrongPassphraseError"
    passphrase.forget_passphrases()


def test_a_step_without_secrets_creates_no_key(client: Client) -> None:
    """If the steps of a workspace read no secret, the cache creates no data key."""

    @step(enable_cache=True)
    def my_step(context: StepContext) -> str:
        return context.stack.name

    assert _statuses(my_step) == ["completed", "cached"]
    assert not list(client.workspace.home.rglob("keys/*"))


def test_cache_records_contain_no_value(client: Client, set_new_value: Callable[..., str]) -> None:
    """A cache record contains names and hashes, and no value of a secret.

    The hash of the values is keyed with the data key, so a guessed value can't be verified without this key.
    """
    value = set_new_value("token")

    @step(settings={"token": "{{token.key}}"}, secrets=["token"])
    def my_step(context: StepContext) -> bool:
        return _read_token(context) and bool(context.settings.token)

    my_step.configure(enable_cache=True)
    assert _statuses(my_step) == ["completed", "cached"]
    (record,) = _cache_records(client)
    assert find_canary(record) == []
    assert find_canary(record.name) == []
    assert record.stat().st_mode & 0o777 == 0o600
    content = json.loads(record.read_text())
    # A read has the id of the secrets manager, its name, and the name of the secret.
    assert content["reads"] == [[client.secrets_manager.id, "default", "token"]]
    assert value not in record.read_text()
    # The fingerprint is not that of the value alone: equal values of two secrets have different fingerprints.
    assert content["fingerprint"] not in {"", client.workspace.fingerprint(value)}


def test_damaged_records_are_misses(client: Client) -> None:
    """After any damage to a cache record, the step runs again and writes a new record."""

    @step
    def my_step() -> int:
        return 1

    assert _statuses(my_step, run_count=1) == ["completed"]
    (record,) = _cache_records(client)
    undamaged_record = record.read_bytes()
    for damaged_record in (
        b"",
        b"null",
        b"[]",
        b"{}",
        undamaged_record[:-5],
        undamaged_record.replace(b'"format": 1', b'"format": 99'),
        b"\xff\xfe",
    ):
        record.write_bytes(damaged_record)
        assert _statuses(my_step) == ["completed", "cached"], damaged_record


def test_a_deleted_output_is_a_miss(client: Client) -> None:
    """A step whose stored output was deleted runs again."""

    @step
    def my_step() -> int:
        return 1

    assert _statuses(my_step) == ["completed", "cached"]
    for file in client.workspace.home.rglob("value.pkl"):
        file.unlink()
    assert _statuses(my_step) == ["completed", "cached"]


def test_a_changed_stack_is_a_miss_for_a_step_that_reads_it(client: Client, set_new_value: Callable[..., str]) -> None:
    """After a change of an attribute of the stack, a step that reads the stack runs again, and a step that does not read it is cached."""
    set_new_value("token")
    set_new_value("other")
    client.workspace.register_component(ComponentType.ALERTER, "mine", "slack", {"slack_token": "{{token.key}}"})
    client.workspace.update_stack("default", {ComponentType.ALERTER: "mine"})

    @step(enable_cache=True)
    def reads_stack(context: StepContext) -> bool:
        return context.stack.alerter is not None and bool(context.stack.alerter.slack_token)

    @step
    def ignores_stack() -> int:
        return 1

    assert _statuses(reads_stack) == _statuses(ignores_stack) == ["completed", "cached"]
    client.workspace.update_component(ComponentType.ALERTER, "mine", {"slack_token": "{{other.key}}"})
    assert _statuses(reads_stack) == ["completed", "cached"]
    assert _statuses(ignores_stack, run_count=1) == ["cached"]


def test_another_secrets_manager_is_a_miss(client: Client, set_new_value: Callable[..., str]) -> None:
    """A cached run that read a secret is valid only with the same secrets manager."""
    set_new_value("token")

    @step
    def my_step() -> bool:
        return bool(Client().get_secret("token").content["key"])

    assert _statuses(my_step) == ["completed", "cached"]
    client.workspace.register_component(ComponentType.SECRETS_MANAGER, "other", "memory", {})
    client.workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "other"})
    set_new_value("token")
    assert _statuses(my_step) == ["completed", "cached"]


def test_the_validation_of_a_cached_run_uses_the_cache_of_secrets(client: Client) -> None:
    """One run and two cached runs read each secret from the backend once in total.

    A cached run is validated: the secrets that it read are compared with the current ones.
    """
    client.workspace.register_component(ComponentType.SECRETS_MANAGER, "counted", CountingBackend.FLAVOR, {})
    client.workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "counted"})
    manager = client.secrets_manager
    backend = manager.backend
    assert isinstance(backend, CountingBackend)
    for name in ("token", "other"):
        backend.put(name, key=canary(name))

    @step(enable_cache=True)
    def my_step(context: StepContext) -> int:
        for _ in range(1000):
            _read_token(context)
            _ = context.stack.secrets_manager.get_secret("other").content
        return 1

    assert _statuses(my_step, run_count=3) == ["completed", "cached", "cached"]
    assert sorted(backend.reads) == ["other", "token"]


@pytest.mark.parametrize(
    ("first_code", "second_code", "is_same"),
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
def test_the_code_digest_depends_on_the_executed_code(first_code: str, second_code: str, *, is_same: bool) -> None:
    """Comments do not change the digest; constants, names, defaults, closures and helper functions do."""
    # A helper function is part of the digest if it is in the same module. ``__name__`` is the name of this module.
    namespaces: list[dict[str, Any]] = [{"__name__": "cell"}, {"__name__": "cell"}]
    for text, namespace in zip((first_code, second_code), namespaces, strict=True):
        exec(text, namespace)  # noqa: S102 - the test needs a function without source text
    assert (code_digest(namespaces[0]["f"]) == code_digest(namespaces[1]["f"])) is is_same
    assert code_digest(namespaces[0]["f"]) is not None


def test_functions_without_a_code_digest_are_not_cached(client: Client, set_new_value: Callable[..., str]) -> None:
    """A step is not cached if it uses certain objects from outside of its function.

    They are locks, secrets and values of secrets.
    """
    set_new_value("token")
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

    namespace: dict[str, Any] = {"step": step, "token": token, "__name__": "cell"}
    exec("@step\ndef by_global() -> int:\n    return len(token)", namespace)  # noqa: S102 - the test needs a function without source text
    for each_step in (holds_lock, holds_value, holds_secret, namespace["by_global"]):
        assert (each_step.name, _statuses(each_step)) == (each_step.name, ["completed", "completed"])


def test_the_code_digest_does_not_change_with_calls() -> None:
    """After many calls, Python replaces instructions of a function by faster ones. This does not change the digest."""

    def function(n: int) -> int:
        return sum(m * 2 for m in range(n)) + len(str(n))

    digest_before = code_digest(function)
    for n in range(2000):
        # A small argument keeps the call fast.
        function(n % 7)
    assert code_digest(function) == digest_before


@given(st.text(max_size=50), st.text(max_size=50))
def test_the_code_digest_depends_on_constants(first: str, second: str) -> None:
    """Two functions that return a text have equal digests exactly if the texts are equal."""
    namespaces: list[dict[str, Any]] = [{}, {}]
    for text, namespace in zip((first, second), namespaces, strict=True):
        exec(f"def f(): return {text!r}", namespace)  # noqa: S102 - the test needs a function without source text
    assert (code_digest(namespaces[0]["f"]) == code_digest(namespaces[1]["f"])) is (first == second)


def test_the_code_digest_is_equal_in_another_process() -> None:
    """The order of sets and the addresses of objects do not change the digest."""
    code = "def f(n):\n    return n in {'a', 'b', 'c', 'd', 'e'} and (lambda m: m)(n)\n"
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - the test needs a function without source text
    imports = "import json, sys\nfrom zensecrets_jupyter.core.steps.execution.code_digest import code_digest\n"
    digest_code = f"{imports}exec(sys.argv[1])\nprint(json.dumps(code_digest(f)))"
    for seed in ("1", "2"):
        assert run_python(digest_code, code, environment={"PYTHONHASHSEED": seed}) == code_digest(namespace["f"])
