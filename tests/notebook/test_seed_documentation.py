"""The commands and code of ZenML 0.20's documentation of secrets, with `%zen` instead of `zenml`.

The names, such as `YOUR_AUTH_SECRET_VALUE_GOES_HERE`, are those of that documentation.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

REGISTER_ANNOTATOR = (
    "%zen annotator register label_studio_annotator --flavor=label_studio "
    "--authentication_secret={{label_studio_secret.YOUR_AUTH_SECRET_VALUE_GOES_HERE}}"
)
READ_STORED_REFERENCE = "from zensecrets_jupyter import Client; Client().workspace.components()[0].attributes['authentication_secret']"


@pytest.mark.parametrize(
    "variable",
    [
        "",
        "label_studio_secret = {'YOUR_AUTH_SECRET_VALUE_GOES_HERE': 'expanded'}",
        "class label_studio_secret: YOUR_AUTH_SECRET_VALUE_GOES_HERE = 'expanded'",
    ],
    ids=["no variable", "a dict", "an object with the attribute"],
)
def test_a_reference_is_stored_as_typed(kernel: Kernel, variable: str) -> None:
    """A reference is stored as typed, even if a variable has its name.

    IPython replaces `{expression}` on the line of a magic by the value of the expression. It must not replace a reference.
    """
    assert kernel.run(variable).ok
    assert kernel.run(REGISTER_ANNOTATOR).ok
    assert kernel.run(READ_STORED_REFERENCE).displayed_data() == ["'{{label_studio_secret.YOUR_AUTH_SECRET_VALUE_GOES_HERE}}'"]


def test_the_annotator_resolves_its_secret(kernel: Kernel, tmp_path: Path) -> None:
    """After the secret is registered, the component's attribute returns the value."""
    value = canary("annotator")
    assert kernel.run(REGISTER_ANNOTATOR).ok
    assert kernel.run("%stack update default -an label_studio_annotator").ok
    assert kernel.run("%stack register-secrets", [value]).ok
    cell = "import hashlib; from zensecrets_jupyter import Client; stack = Client().active_stack"
    assert kernel.run(cell).ok
    digest = kernel.run("hashlib.sha256(stack.annotator.authentication_secret.encode()).hexdigest()")
    assert digest.displayed_data() == [repr(_digest(value))]
    _check_no_leak(kernel, tmp_path)


@pytest.mark.parametrize("stack", ["", " default"], ids=["the active stack", "a named stack"])
def test_register_secrets_prompts_for_missing_values(kernel: Kernel, tmp_path: Path, stack: str) -> None:
    """`stack register-secrets` prompts for missing values, with and without the name of a stack."""
    value = canary("register-secrets")
    assert kernel.run(REGISTER_ANNOTATOR).ok
    assert kernel.run("%stack update default -an label_studio_annotator").ok
    result = kernel.run(f"%stack register-secrets{stack}", [value])
    assert result.ok, result.error
    assert [prompt["password"] for prompt in result.prompts] == [True]
    assert "label_studio_secret" in result.prompts[0]["prompt"]
    # The second run shows no prompt, because no value is missing. A prompt would fail the test.
    second_result = kernel.run(f"%stack register-secrets{stack} --skip-existing")
    assert second_result.ok, second_result.error
    _check_no_leak(kernel, tmp_path)


def test_interactive_registration(kernel: Kernel, tmp_path: Path) -> None:
    """`secrets-manager secret register SECRET_NAME -i` prompts for keys and values until a key is empty."""
    value = canary("interactive")
    result = kernel.run("%zen secrets-manager secret register SECRET_NAME -i", ["first", value, ""])
    assert result.ok, result.error
    assert all(prompt["password"] for prompt in result.prompts)
    assert _digest_in(kernel, "SECRET_NAME", "first") == _digest(value)
    _check_no_leak(kernel, tmp_path)


def test_values_on_the_command_line(kernel: Kernel) -> None:
    """`--key1=value1 --key2=value2` registers both values."""
    assert kernel.run("%zen secrets-manager secret register SECRET_NAME --key1=value1 --key2=value2").ok
    assert _digest_in(kernel, "SECRET_NAME", "key1") == _digest("value1")
    assert _digest_in(kernel, "SECRET_NAME", "key2") == _digest("value2")


def test_values_from_files(kernel: Kernel, tmp_path: Path) -> None:
    """An option `--key=@FILE` reads the value from a file unchanged.

    The command may continue on a second line.
    """
    content = canary("file") + "\n special: \"'{{}}$HOME é\n"
    (tmp_path / "path" / "to").mkdir(parents=True)
    (tmp_path / "path" / "to" / "file.txt").write_text(content, encoding="utf-8")
    result = kernel.run(
        "%zen secrets-manager secret register SECRET_NAME --attr_from_literal=value \\\n   --attr_from_file=@path/to/file.txt"
    )
    assert result.ok, result.error
    assert _digest_in(kernel, "SECRET_NAME", "attr_from_literal") == _digest("value")
    assert _digest_in(kernel, "SECRET_NAME", "attr_from_file") == _digest(content)
    assert not find_canary(repr(kernel.record).encode())


STEP = '''
from zensecrets_jupyter import step, StepContext


@step(enable_cache=True)
def secret_loader(
    context: StepContext,
) -> None:
    """Load the example secret from the secret manager."""
    # Load Secret from active secret manager. This will fail if no secret
    # manager is active or if that secret does not exist.
    retrieved_secret = context.stack.secrets_manager.get_secret("SECRET_NAME")

    # retrieved_secret.content will contain a dictionary with all Key-Value
    # pairs within your secret.
    seen.append(dict(retrieved_secret.content))
    return
'''


def test_the_step_loads_the_secret(kernel: Kernel) -> None:
    """The step of the documentation reads the content of the secret.

    The test changes its import, and adds the line that appends to `seen`.
    """
    assert kernel.run("%secret register SECRET_NAME --key1=value1 --key2=value2").ok
    assert kernel.run("seen = []").ok
    assert kernel.run(STEP).ok
    result = kernel.run("secret_loader()\nassert seen == [{'key1': 'value1', 'key2': 'value2'}]")
    assert result.ok, result.error
    result_without_secret = kernel.run("%secret delete SECRET_NAME -y\nsecret_loader()")
    assert not result_without_secret.ok
    assert "SECRET_NAME" in result_without_secret.error


@pytest.mark.parametrize(
    ("level", "secret_exists", "has_key", "is_valid"),
    [
        ("NONE", False, False, True),
        ("SECRET_EXISTS", False, False, False),
        ("SECRET_EXISTS", True, False, True),
        ("SECRET_AND_KEY_EXISTS", True, False, False),
        ("SECRET_AND_KEY_EXISTS", True, True, True),
        (None, True, False, False),
        (None, True, True, True),
    ],
)
def test_the_levels_of_validation(kernel: Kernel, level: str | None, *, secret_exists: bool, has_key: bool, is_valid: bool) -> None:
    """A run checks the references of its stack before its first step, as ZENML_SECRET_VALIDATION_LEVEL says.

    Without the variable (``None``), secrets and keys are checked.
    """
    assert kernel.run(REGISTER_ANNOTATOR).ok
    assert kernel.run("%stack update default -an label_studio_annotator").ok
    if secret_exists:
        key = "YOUR_AUTH_SECRET_VALUE_GOES_HERE" if has_key else "other"
        assert kernel.run(f"%secret register label_studio_secret --{key}=value").ok
    if level:
        assert kernel.run(f"%env ZENML_SECRET_VALIDATION_LEVEL={level}").ok
    cell = """
from zensecrets_jupyter import pipeline, step

ran = []

@step
def first() -> None:
    ran.append(1)

@pipeline
def run_it():
    first()

run_it()
"""
    result = kernel.run(cell)
    assert result.ok is is_valid, result.error
    assert kernel.run("ran").displayed_data() == ["[1]" if is_valid else "[]"]
    if not is_valid:
        assert "label_studio_secret" in result.error
        assert "register-secrets" in result.error


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _digest_in(kernel: Kernel, name: str, key: str) -> str:
    """Return the digest of a stored value.

    The kernel computes the digest, because messages must not contain the value.
    """
    cell = f"""
import hashlib
from zensecrets_jupyter import Client
hashlib.sha256(Client().get_secret({name!r}).content[{key!r}].encode()).hexdigest()
"""
    return kernel.run(cell).displayed_data()[0].strip("'")


def _check_no_leak(kernel: Kernel, folder: Path) -> None:
    assert not find_canary(repr([message for message in kernel.record if message["msg_type"] != "input_reply"]).encode())
    assert not find_canary(folder)
