"""Tests of the inline secrets in failed calls of the API.

If a call fails, its inline secrets are not in the outputs, the memory, the history or the files of the session.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.notebook.cells.session_copies import PRINT_MEMORY
from tests.support.kernels import running_kernel
from zensecrets_jupyter import ArbitrarySecretSchema, AWSSecretSchema, Client
from zensecrets_jupyter.notebook.cells.calls.malformed_code import find_secrets_in_malformed_code
from zensecrets_jupyter.notebook.cells.calls.parsed_code import find_secrets_in_code
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

FAILING_CELLS = [
    'Client().registr_secret("x", "?")',
    'Client().registr_secret("x", values={"k": "?"})',
    'Client().create_secrets("x", {"k": "?"})',
    'Client().create_secret("x", {"k": "?"}, unknown=1)',
    'Client().create_secret("x", {"k": "?"}, {"l": "?"})',
    'Client().create_secret("x", values=[("k", "?")])',
    'Client().create_secret("bad name", {"k": "?"})',
    'Client().create_secret(values={"k": "?"})',
    'Client().create_secret(None, {"k": "?"})',
    'Client().update_secrt("kept", {"k": "?"})',
    'Client().update_secret("kept", {"k": "?"})',
    'Client().update_secret("nothing", add_or_update_values={"k": "?"})',
    'Client().update_secret("kept", add_or_update_values={"k": ["?"]})',
    'Client().secrets_manager.create_secret("x", {"k": "?"})',
    'Client().secrets_manager.register_secert(ArbitrarySecretSchema("x", key="?"))',
    'Client().secrets_manager.register_secert(ArbitrarySecretSchema(name="x", key="?"))',
    'Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="x", key="?"), overwrite=True)',
    'Client().secrets_manager.register_secret("x", k="?")',
    'Client().secrets_manager.update_secret(AWSSecretSchema(name="kept", key="?"))',
    'Client().secrets_manager.merge_secret("kept", {"k": "?"}, "?")',
    'Client().secrets_manager.merge_secret("nothing", {"k": "?"})',
    'Client().secrets_manager.merge("kept", {"k": "?"})',
    'Client().secrets_manger.register_secret(ArbitrarySecretSchema(name="x", key="?"))',
    'Client().active_stak.secrets_manager.register_secret(ArbitrarySecretSchema(name="x", key="?"))',
    'Client().active_stack.secrets_manager("?")',
    'Client("?")',
    'Client().get_secret("kept").valuess("?")',
    'Client().get_secret("kept").password = "?"',
    'Client().get_secret("kept").arbitrary_kv_pairs["bad key"] = "?"',
    'Client().get_secret("kept").arbitrary_kv_pairs.updat({"k": "?"})',
    'Client().get_secret("kept").model_copyy(update={"k": "?"})',
    'Client().get_secret("?")',
    'ArbitrarySecretSchem(name="a", key="?")',
    'ArbitrarySecretSchem("a", "?")',
    'ArbitrarySecretSchem(name="a", **{"key": "?"})',
    'ArbitrarySecretSchem(name="a", **dict(key="?"))',
    'ArbitrarySecretSchem(name="a", key=f"? {1}")',
    'ArbitrarySecretSchem(name="a", key="?" + "?")',
    'ArbitrarySecretSchem(name="a", key="?%s" % 1)',
    'ArbitrarySecretSchem(name="a", key=b"?")',
    'ArbitrarySecretSchem(name="a", key="?" if True else "")',
    'ArbitrarySecretSchem(name="a", key=json.dumps({"a": "?"}))',
    'AWSSecretSchema(name="a", aws_acess_key_id="?", aws_secret_access_key="?")',
    'AWSSecretSchema.from_contents("a", {"aws_access_key_id": "?"})',
    'AWSSecretSchema(name="a", aws_access_key_id="?", aws_secret_access_key=nothing)',
    'from zensecrets_jupyter import ArbitrarySecretSchem\nArbitrarySecretSchem(name="a", key="?")',
    'import zensecrets_jupyter as zj\nzj.ArbitrarySecretSchem(name="a", key="?")',
    'import zensecrets_jupyter as zj\nzj.create_secret("a", {"key": "?"})',
    'from zensecrets_jupyter.nothing import X\nclient = Client()\nclient.create_secret("a", {"key": "?"})',
    '1 / 0\nClient().create_secret("never", {"key": "?"})',
    'values = {"key": "?"}\nClient().create_secrett("never", values)',
    'client_that_is_none.create_secret("never", {"key": "?"})',
    'Client().create_secret("x", values={"k": "?"}',
    'Client().create_secret("x", values={"k": "?})',
    'Client().create_secret("x" values={"k": "?"})',
    'Client().creat_secret("x",\n    {"k": "?",\n     "l" "?"}',
    'ArbitrarySecretSchema(name="a" key="?")',
    'ArbitrarySecretSchem(name="a", key="?"',
    "ArbitrarySecretSchema(name='a', key='''?\n?'''",
    'if True\n    Client().create_secret("x", {"k": "?"})',
    'Client().create_secret("x", {"password: "?"})',
    'Client().create_secret("x", {password": "?", "user": "some"})',
    'Client().create_secret("x", password="?, user="some")',
    'Client().create_secret("x", password="some, token="?, user="other")',
    """Client().create_secret("x", {"password : '?'})""",
    'ArbitrarySecretSchema(name="x, key="?")',
    "Client().create_secret(“x”, {“password”: “?”})",
    "Client().create_secret(‘x’, {‘password’: ‘?’})",  # noqa: RUF001 - the test needs typographic quotes
    "Client().create_secret(„x“, {„password“: „?“})",
    "Client().create_secret('x', {'password': Zq?})",
    "ArbitrarySecretSchema(name='x', key=Zq?)",
    "Client().create_secret('x', {'password': 9?})",
    "Client().create_secret('x', {'password': Zq?}",
    'Client().create_secret("x", {"my_key "?"})',
    'Client().create_secret("x", {"a": "?, "b": "?"})',
    'Client().create_secret "x", {"password": "?"}',
    'Client().create_secret "x", values={"password": "?"}',
    'Client().create-secret("x", {"password": "?"})',
    'Client().create-secret("x", {"password": "?"}',
    """Client().creat_secret("x", json.loads('{"password": "?"}'))""",
    """Client().creat_secret("x", {"k": "{}".format("?")})""",
    """Client().creat_secret("x", {"k": base64.b64encode(b"?").decode()})""",
    """Client().creat_secret("x", {"k": os.environ.get("NOPE", "?")})""",
]
"""Cells that fail, most of them because of a typing error.

A test replaces ``?`` by an inline secret. The secret ``kept`` exists, and the secret ``nothing`` does not. In ``Zq?``
and ``9?``, the value has no quotes, and starts with a letter or a digit.
"""

INDIRECT_CELLS = [
    'def f(client):\n    client.registr_secret("x", "?")\nf(Client())',
    'async def f():\n    return Client().registr_secret("x", "?")\nawait f()',
    '%time Client().registr_secret("x", "?")',
    '%timeit -n1 -r1 Client().registr_secret("x", "?")',
    '%time x = Client().creat_secret("x", {"password": "?"}',
    '%timeit -n1 -r1 Client().creat_secret("x", {"password": "?"}',
    '%%time\nx = Client().creat_secret("x", {"password": "?"}',
    '%%time\nClient().registr_secret("x", "?")',
    '%%capture\nClient().registr_secret("x", "?")',
    "get_ipython().run_cell(\"Client().registr_secret('x', '?')\")",
    'try:\n    Client().registr_secret("x", "?")\nexcept Exception:\n    __import__("traceback").print_exc()',
    'try:\n    Client().registr_secret("x", "?")\nexcept Exception:\n    __import__("logging").exception("no")',
    'try:\n    Client().registr_secret("x", "?")\nexcept Exception as error:\n    raise RuntimeError("no") from error',
]
"""Cells that fail in a function, a magic or an exception handler.

A test replaces ``?`` by an inline secret.
"""

DEFINE_GROUP = """
import builtins, traceback
from zensecrets_jupyter import Client
class Group(getattr(builtins, 'ExceptionGroup', Exception)):
    @property
    def exceptions(self):
        return self.args[1]
"""
"""Code that defines a class of exception groups.

Python 3.10 has no ``ExceptionGroup``, so the class then extends ``Exception``.
"""

RAISE_GROUP = """
try:
    later(Client())
except Exception as error:
    member = error
try:
    raise Group('outer', [ValueError(), Group('inner', [member])])
except Exception:
    traceback.print_exc()
    raise
"""
"""A cell that raises a nested exception group.

One member is the error of the function ``later``, which another cell defines.
"""

CODE_WITHOUT_SECRET = [
    'df.foo("some ordinary text")',
    'df.create("some", label="ordinary text")',
    'nothing.title("Some ordinary text")',
    'boto.create_secret(Name="x", Description="some ordinary text")',
    'Client().get_stack_componet("orchestrator", "local orchestrator")',
    'Client().get_stack("some ordinary text")',
    'Client().get_secret("db").content.get("key", "some ordinary text")',
    'Client().create_secret("db", {"key": os.environ["SOME_VARIABLE"], "k": os.getenv("OTHER_VARIABLE")})',
    'Client().creat_secret("database_login", values=load("settings of mine.yaml"))',
    'Client().update_secret("db", new_name="another_database")',
    'Client().registr_secret(name="database_login")',
    'BasicAuthSecretSchem(name="database_login", username="some_ordinary_user")',
    'train(data, "some ordinary text", label="ordinary")',
    'step_of_mine("some ordinary text", "another text")',
    'print("Client().create_secret(name, values)")',
    'pipeline(name="some ordinary text")',
    'redactt("some ordinary text")',
    'Client().create_secret("db", {}, schema="nosuch-schema", description="for the monthly report", nmae="some-name", stak="our-stack")',
    "Client().list_secrets(nme='seventeen-quebec')",
    "Client().fetch_secret(nam='seventeen-quebec')",
    "Client().create_secret('db', {'password': my_password, 'k': password})",
    "Client().creat_secret('db', {'k': os.environ.get('SOME_VARIABLE'), 'l': '{}:%s'.format(user)})",
    "Client().creat_secret('db', {'password', 'user_name'})",
    'Client().copy_secrets("local", "another store", ["database_login"])',
]
"""Code without an inline secret, in part with typing errors."""

MALFORMED_CODE_WITHOUT_SECRET = [
    'print("some ordinary text"',
    'df.create_index("x", "some ordinary text"',
    'foreign.create_secret("x", "some ordinary text"',
    'Client().create_secret("x", values={"key": os.environ["SOME_VARIABLE"]}\nprint("some ordinary text")',
    'Client().create_secret("database_login", values=load("some ordinary text")',
    'Client().get_secret("database_login"',
    'def create_secret(client, name="some ordinary text", label="other text"):\n    return foreign.create_secret(Name=name',
    'client.create_secret(Name="x", Description="some ordinary text"',
    'Client().create_secret("database_login", {"password: ": my_password}',
    'Client().create_secret("database_login", schema="nosuch-schema", description="for the monthly report"',
    "print(\"say x-create_secret or `create_secret` 'some ordinary text'\"",
    '"create_secret" "some ordinary text" (',
]
"""Code with a syntax error and without an inline secret."""


def test_no_copy_contains_the_inline_secret_of_a_failed_call(tmp_path: Path) -> None:
    """The outputs, the memory and the files of the session do not contain the value."""
    # A traceback takes a tenth of a second, so the kernel runs only every fourth of the failing cells. The next test searches all cells.
    values = {cell: secrets.token_hex(14) for cell in (*FAILING_CELLS[::4], *INDIRECT_CELLS)}
    leaks: dict[str, Any] = {}
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run('import json\nfrom zensecrets_jupyter import *\nClient().create_secret("kept", {"k": "kept as it is"})').ok
        for cell, value in values.items():
            result = kernel.run(cell.replace("?", value))
            # The kernel repeats the cell in `execute_input` before the call fails, so this message may contain the value.
            outputs = [message["content"] for message in result.messages if message["msg_type"] != "execute_input"]
            if canaries := find_canary(json.dumps([outputs, result.reply]), value):
                leaks[cell] = canaries
        assert leaks == {}
        # This value is in the source of an earlier cell than the call that fails.
        later_value = secrets.token_hex(14)
        kernel.run(f"def later(client):\n    return client.regster_secret('x', '{later_value}')")
        assert not find_canary(json.dumps(kernel.run("later(Client())").reply), later_value)
        memory = kernel.run(PRINT_MEMORY)
        assert memory.ok
        assert {cell for cell, value in values.items() if find_canary(memory.stream("stdout"), value)} == set()
    assert {cell for cell, value in values.items() if find_canary(tmp_path, value)} == set()
    assert not find_canary(tmp_path, later_value)


def test_the_code_of_the_members_of_an_exception_group_is_searched(tmp_path: Path) -> None:
    """The inline secret of a failed call is masked in a nested exception group."""
    value = secrets.token_hex(14)
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run(DEFINE_GROUP).ok
        assert kernel.run(f"def later(client):\n    return client.regster_secret('x', '{value}')").ok
        result = kernel.run(RAISE_GROUP)
        assert not result.ok
        assert not find_canary(json.dumps([result.reply, result.error]), value)
        # The mask of an inline secret has the name `refused.value`. The third cell defines `later`.
        assert "refused.value" in result.error
        assert "\u2039secret:refused.value\u203a" in kernel.run("In[3]").displayed_data()[0]


def test_every_inline_secret_is_found_in_the_source() -> None:
    """The search finds the value in the source of every cell, without running it."""
    value = canary("failing")
    namespace = {"Client": Client, "AWSSecretSchema": AWSSecretSchema}
    cells = (*FAILING_CELLS, *INDIRECT_CELLS)
    missed_cells = [cell for cell in cells if value not in "".join(find_secrets(cell.replace("?", value), namespace))]
    assert missed_cells == []


def find_secrets(cell: str, namespace: dict[str, Any]) -> set[str]:
    """Return the inline secrets in the source of a cell.

    The ``namespace`` has the variables of the session. A cell that Python cannot parse is searched by another function.
    """
    try:
        return find_secrets_in_code(TransformerManager().transform_cell(cell), namespace)
    except SyntaxError:
        return find_secrets_in_malformed_code(cell, namespace)


@pytest.mark.parametrize("code", CODE_WITHOUT_SECRET)
def test_public_texts_are_not_found(code: str) -> None:
    """Texts in calls that are no inline secrets are not found.

    They are arguments of calls of other objects, names of secrets and variables, and public values of a schema.
    """
    # Except for `Client`, the variables are no objects of this package. Their values do not matter.
    namespace = {"Client": Client, "df": [], "boto": object(), "step_of_mine": test_public_texts_are_not_found, "train": print}
    assert find_secrets_in_code(code, namespace) == set()


@pytest.mark.parametrize("code", MALFORMED_CODE_WITHOUT_SECRET)
def test_public_texts_of_malformed_code_are_not_found(code: str) -> None:
    """In malformed code only the arguments of API calls are inline secrets."""
    assert find_secrets_in_malformed_code(code, {"foreign": object()}) == set()


def test_variables_and_concatenations_in_arguments_are_found() -> None:
    """Values of variables and results of concatenations are found.

    The name of a secret is not found.
    """
    namespace = {"Client": Client, "AWSSecretSchema": AWSSecretSchema, "Own": ArbitrarySecretSchema, "token": "of a variable"}
    assert find_secrets_in_code("v = 'one' + 'two'\nClient().creat_secret('x', {'k': v, 'l': token})", namespace) == {
        "one",
        "two",
        "onetwo",
        "of a variable",
    }
    assert find_secrets_in_code("Own(name='a', key='v', **{'other': 'w'})", namespace) == {"v", "w"}
