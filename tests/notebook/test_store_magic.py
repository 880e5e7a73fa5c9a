"""IPython's `%store` with the extension.

`%store` saves references instead of values, or encrypts a variable if no reference can replace its value. Another kernel restores it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

CREATE_VARIABLES = """
import base64, numpy, pandas
secret = %secret get db
value = secret.content['password']
content = secret.content
reference = secret.reference('password')
header = f'Bearer {value}'
url = {'url': ['https://ada:' + value + '@host']}
frame = pandas.DataFrame({'token': [value, 'x']})
basic = base64.b64encode(f'ada:{value}'.encode()).decode()
data = value.encode()
array = numpy.array([value, 'x'])
plain = {'a': [1, 'two']}
"""
"""Code that creates variables with a value, and ``plain`` without one."""

# Each expression extracts the value from a variable.
EXPRESSIONS = (
    "value",
    "secret.content['password']",
    "content['password']",
    "reference.resolve()",
    "header.removeprefix('Bearer ')",
    "url['url'][0].removeprefix('https://ada:').removesuffix('@host')",
    "frame['token'][0]",
    "base64.b64decode(basic).decode().removeprefix('ada:')",
    "data.decode()",
    "str(array[0])",
)

DIGEST_CODE = "hashlib.sha256({}.encode()).hexdigest()"
"""Code that returns the digest of a text, by which a test compares a value without showing it."""


def test_stored_variables_are_restored_in_another_kernel(tmp_path: Path) -> None:
    """Each variable with a value is restored in another kernel.

    No file contains the value in any encoding.
    """
    value = canary("store")
    expected_digest = repr(hashlib.sha256(value.encode()).hexdigest())
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        # The empty answer is for the prompt for a new passphrase, so the store needs none.
        assert kernel.run("%secret register db --password", [value, ""]).ok
        assert kernel.run(CREATE_VARIABLES).ok
        result = kernel.run("%store secret value content reference header url frame basic data array plain")
        assert result.ok, result.error
        # All 11 variables of the line are stored.
        assert result.stream("stdout").count("Stored '") == 11
        list_result = kernel.run("%store")
        assert list_result.ok
        assert not find_canary(list_result.stream("stdout"))
        # The same kernel restores the stored values as well.
        assert kernel.run("before = header\n%store -r\nassert type(value) is str and header == before == f'Bearer {value}'").ok
    assert not find_canary(tmp_path)
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%store -r\nimport base64, hashlib").ok
        for expression in EXPRESSIONS:
            assert kernel.run(DIGEST_CODE.format(expression)).displayed_data() == [expected_digest], expression
        assert kernel.run("type(value) is str, plain").displayed_data() == ["(True, {'a': [1, 'two']})"]
    # With `autorestore`, IPython restores the variables at its start, here before the extension is loaded.
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (tmp_path / "ipython" / "profile_default" / name).write_text("c.StoreMagics.autorestore = True\n")
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("import hashlib").ok
        assert kernel.run(DIGEST_CODE.format("value")).displayed_data() == [expected_digest]
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("value").displayed_data() == ["'‹secret:db.password›'"]
    assert not find_canary(tmp_path)


def test_a_restored_variable_has_the_current_value(tmp_path: Path) -> None:
    """After an update of the secret, another kernel restores the new value."""
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("%secret register db --password", [canary("old"), ""]).ok
        assert kernel.run("value = %secret get db --key password\n%store value").ok
        assert kernel.run("%secret update db --password", [new := canary("new")]).ok
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%store -r\nimport hashlib").ok
        assert kernel.run(DIGEST_CODE.format("value")).displayed_data() == [repr(hashlib.sha256(new.encode()).hexdigest())]
    assert not find_canary(tmp_path)


def test_a_locked_workspace_stores_no_plaintext(tmp_path: Path) -> None:
    """While the workspace is locked, `%store` refuses a variable that it would have to encrypt.

    The workspace is locked because its passphrase is unknown. Variables without values are stored.
    """
    typed_value, passphrase = canary("typed"), canary("passphrase")
    environment_without_keyring = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": passphrase}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("%secret register db --password", [canary("store")]).ok
        assert kernel.run("value = %secret get db --key password\ndata = value.encode()\n%store value data").ok
    with running_kernel(tmp_path, environment_without_keyring) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("import getpass\ntyped = [getpass.getpass()]\nplain = {'a': 1}", [typed_value]).ok
        for allow_stdin in (False, True):
            result = kernel.run("%store typed", lambda _prompt: "a wrong one", allow_stdin=allow_stdin)
            assert len(result.error.splitlines()) == 1
            problem = "Variable 'typed' contains the value of a secret that no reference can replace, and can't be encrypted"
            assert f"UsageError: {problem}" in result.error
            # The command asks for the passphrase at most three times.
            assert len(result.prompts) == (3 if allow_stdin else 0)
        assert kernel.run("%store plain", allow_stdin=False).stream("stdout") == "Stored 'plain' (dict)\n"
        listed_lines = kernel.run("%store", allow_stdin=False).stream("stdout").splitlines()
        assert [line.split() for line in listed_lines[1:]] == [
            ["data", "->", "'<unavailable>'"],
            ["plain", "->", "{'a':", "1}"],
            ["value", "->", "'<unavailable>'"],
        ]
        assert "Unable to restore variable 'value'" in kernel.run("%store -r", allow_stdin=False).stream("stdout")
        assert not find_canary(tmp_path)
        # With the passphrase, all variables can be stored and restored.
        assert kernel.run("%store typed", [passphrase]).stream("stdout") == "Stored 'typed' (list)\n"
        assert kernel.run("before = typed\n%store -r\nassert typed == before and data.decode() == value").ok
    assert not find_canary(tmp_path)
