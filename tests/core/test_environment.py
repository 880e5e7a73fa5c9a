"""Secrets as environment variables: names, errors, and the restored environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.error_texts import error_details, is_one_line
from zensecrets_jupyter import Client, pipeline, redact, step
from zensecrets_jupyter.core.environment import secret_environment, variable_name, variables_of
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def _secret(name: str, **content: str) -> ArbitrarySecretSchema:
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        ("api_key", "API_KEY"),
        ("api-key", "API_KEY"),
        ("a.b c", "A_B_C"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        ("clé", "CL_"),
        ("1key", "1KEY"),
    ],
)
def test_the_name_of_a_variable_is_its_key_in_upper_case(key: str, variable: str) -> None:
    """Every character except ASCII letters and digits becomes an underscore; an example is ``é``."""
    assert variable_name(key) == variable


def test_keys_are_variables_only_during_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the block, this process and its child processes have the variables. After the block, the environment is restored."""
    monkeypatch.setenv("ONE", "before")
    monkeypatch.delenv("TWO", raising=False)
    one, two = canary("one"), canary("two")
    with secret_environment([_secret("first", one=one), _secret("second", two=two)]) as variables:
        assert variables == {"ONE": one, "TWO": two}
        assert find_canary(redact(repr(variables))) == []
        assert (os.environ["ONE"], os.environ["TWO"]) == (one, two)
        child = subprocess.run([sys.executable, "-c", "import os; print(os.environ['TWO'])"], check=True, capture_output=True, text=True)
        assert child.stdout.strip() == two
    assert os.environ["ONE"] == "before"
    assert "TWO" not in os.environ


def test_the_environment_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block restores the environment after any exception, Ctrl-C included."""
    monkeypatch.delenv("ONE", raising=False)
    for error in (LookupError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), secret_environment([_secret("first", one=canary())]):
            raise error
        assert "ONE" not in os.environ


def test_changes_of_the_block_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the code in a block changes or deletes a variable, the variable has its earlier value after the block."""
    monkeypatch.setenv("ONE", "before")
    with secret_environment([_secret("first", one=canary())]):
        os.environ["ONE"] = "changed"
    assert os.environ["ONE"] == "before"
    with secret_environment([_secret("first", one=canary())]):
        del os.environ["ONE"]
    assert os.environ["ONE"] == "before"


def test_inner_blocks_override_outer_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an inner block, the variable has the value of the outer block again."""
    monkeypatch.delenv("ONE", raising=False)
    outer, inner = canary("outer"), canary("inner")
    with secret_environment([_secret("first", one=outer)]):
        with secret_environment([_secret("second", one=inner)]):
            assert os.environ["ONE"] == inner
        assert os.environ["ONE"] == outer
    assert "ONE" not in os.environ


def test_a_prefix_is_the_first_part_of_each_name() -> None:
    """The prefix comes before the name, and its case does not change."""
    assert list(variables_of([_secret("first", one="x")], prefix="my_")) == ["my_ONE"]


def test_keys_with_the_same_variable_are_refused() -> None:
    """Two keys with the same variable raise an error. If the same secret is passed twice, no error is raised."""
    for secrets in ([_secret("a", **{"x-y": canary(), "x.y": canary()})], [_secret("a", x=canary()), _secret("b", X=canary())]):
        with pytest.raises(InvalidSecretError, match="have the same environment variable X") as caught, secret_environment(secrets):
            pytest.fail("The block was run.")
        assert is_one_line(caught.value)
        assert find_canary(error_details(caught.value)) == []
    same_secret = _secret("a", x="1")
    assert variables_of([same_secret, same_secret]) == {"X": "1"}


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_values_that_no_variable_can_contain_are_refused(character: str) -> None:
    """The error for NUL or a lone surrogate does not quote the value, and no variable is set."""
    secrets = [_secret("a", good=canary(), bad=canary() + character)]
    with pytest.raises(InvalidSecretError, match=r"a.bad can't be an environment variable") as caught, secret_environment(secrets):
        pytest.fail("The block was run.")
    assert "GOOD" not in os.environ
    assert find_canary(error_details(caught.value)) == []


def test_blocks_may_overlap_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """If blocks of two threads overlap, the variable has the value of the second block until that block ends."""
    monkeypatch.setenv("ONE", "before")
    first, second = canary("first"), canary("second")
    second_block_began, second_block_may_end = threading.Event(), threading.Event()

    def run_second_block() -> None:
        with secret_environment([_secret("b", one=second)]):
            second_block_began.set()
            second_block_may_end.wait(10)

    thread = threading.Thread(target=run_second_block)
    with secret_environment([_secret("a", one=first)]):
        thread.start()
        assert second_block_began.wait(10)
    assert os.environ["ONE"] == second
    second_block_may_end.set()
    thread.join()
    assert os.environ["ONE"] == "before"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12), st.sets(st.sampled_from("ABC")))
def test_overlapping_blocks_restore_the_environment(actions: list[tuple[str, bool]], variables_before: set[str]) -> None:
    """In any order of blocks, a variable has the value of the latest open block. After the last block, it has its earlier value.

    An action is a key, and whether it closes one of the open blocks. Without an open block, or otherwise, it opens a block for the key.
    """
    for variable in "ABC":
        os.environ.pop(variable, None)
    os.environ.update({variable: f"before {variable}" for variable in variables_before})
    try:
        environment_before = dict(os.environ)
        open_blocks: list[tuple[AbstractContextManager[dict[str, str]], str, str]] = []
        for number, (key, closes_block) in enumerate(actions):
            if open_blocks and closes_block:
                # The number of the action selects the block, so that blocks end in many orders.
                block, _, _ = open_blocks.pop(number % len(open_blocks))
                block.__exit__(None, None, None)
            else:
                block = secret_environment([_secret("s", **{key: f"value {number}"})])
                block.__enter__()
                open_blocks.append((block, key.upper(), f"value {number}"))
            for variable in "ABC":
                values = [value for _, block_variable, value in open_blocks if block_variable == variable]
                assert os.environ.get(variable) == (values[-1] if values else environment_before.get(variable))
        for block, _, _ in open_blocks:
            block.__exit__(None, None, None)
        assert dict(os.environ) == environment_before
    finally:
        for variable in "ABC":
            os.environ.pop(variable, None)


RESERVED_VARIABLES = (
    *("PATH", "HOME", "USER", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH", "COMSPEC"),
    *("DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "IFS", "ENV", "BASH_ENV", "HTTP_PROXY", "HTTPS_PROXY"),
    *("SystemRoot", "ZENSECRETS_HOME", "JUPYTER_TOKEN", "GIT_SSH_COMMAND", "NODE_OPTIONS", "SSL_CERT_FILE"),
)
"""Variables that systems and programs read.

``SystemRoot`` is from Windows, where the case of names is ignored.
"""


@pytest.mark.parametrize("variable", RESERVED_VARIABLES)
def test_a_key_never_replaces_a_reserved_variable(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the variable of a key is reserved, such as PATH, an error names the option that sets another variable."""
    monkeypatch.setenv(variable.upper(), "as it was")
    secret = _secret("odd", **{variable.lower().replace("_", "-"): canary("reserved")})
    with pytest.raises(InvalidSecretError, match="would replace the environment variable") as caught, secret_environment([secret]):
        pass
    assert "--as KEY=NAME" in str(caught.value)
    assert not find_canary(str(caught.value))
    assert os.environ[variable.upper()] == "as it was"


def test_a_prefix_or_a_name_allows_any_key() -> None:
    """With a prefix or another name of the variable, a key such as ``path`` can be a variable."""
    first_secret, second_secret = (_secret(name, path=f"of {name}", token="t") for name in ("one", "two"))
    assert variables_of([first_secret], prefix="APP_") == {"APP_PATH": "of one", "APP_TOKEN": "t"}
    assert variables_of([first_secret], names={"path": "WHERE"}) == {"WHERE": "of one", "TOKEN": "t"}
    # ``one.path`` is a key of the secret ``one``. ``path`` is this key of every other secret.
    names = {"one.path": "FIRST", "path": "SECOND", "two.token": "two_token"}
    assert variables_of([first_secret, second_secret], prefix="P_", names=names) == {
        "FIRST": "of one",
        "P_TOKEN": "t",
        "SECOND": "of two",
        "two_token": "t",
    }
    # An explicit name is allowed to be reserved.
    assert variables_of([first_secret], names={"path": "PATH"})["PATH"] == "of one"


@pytest.mark.parametrize(
    ("options", "error_text"),
    [
        ({"prefix": "LD_"}, "would replace the environment variable LD_PRELOAD"),
        ({"names": {"preload": "1X"}}, "The given name for odd.preload is not valid"),
        ({"names": {"preload": "A=B"}}, "The given name for odd.preload is not valid"),
        ({"names": {"prelod": "A"}}, "have no key 'prelod'"),
        ({"names": {"preload": "A", "token": "A"}}, "have the same environment variable A"),
    ],
)
def test_invalid_names_are_refused(options: dict[str, Any], error_text: str) -> None:
    """Reserved, invalid and duplicate names of variables, and names for unknown keys, raise errors."""
    with pytest.raises(InvalidSecretError, match=error_text):
        variables_of([_secret("odd", preload="p", token="t")], **options)


@pytest.mark.parametrize("key", ["user", "PATH", "Home"])
def test_the_error_in_a_step_suggests_options_of_steps(key: str) -> None:
    """If a step's secret has a reserved key, the hint suggests ``get_secret`` in the step.

    It suggests no prefix, because a step has no option for a prefix.
    """
    Client().create_secret("login", {key: canary("login")})

    @step(secrets=["login"])
    def login_step() -> int:
        return 1

    @pipeline
    def login_pipeline() -> None:
        login_step()

    for call in (login_pipeline, login_step):
        with pytest.raises(InvalidSecretError, match="would replace the environment variable") as caught:
            call()
        assert f"Client().get_secret('login').value('{key}') in the step" in str(caught.value)
        assert "--prefix" not in str(caught.value)
        assert not find_canary(str(caught.value))
