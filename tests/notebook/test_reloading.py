"""Tests that the guard masks values after development tools have reloaded the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

REGISTER = """
from zensecrets_jupyter import ArbitrarySecretSchema, Client
Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name='{name}', key={value!r}))
"""

RELOADS = {
    "the redactor's modules": """
import importlib, sys
for name in sorted(name for name in sys.modules if name.startswith('zensecrets_jupyter.core.redaction')):
    importlib.reload(sys.modules[name])
""",
    "autoreload": """
import sys
from IPython.extensions.autoreload import superreload
for name in sorted(name for name in sys.modules if name.startswith('zensecrets_jupyter.core.redaction')):
    superreload(sys.modules[name])
""",
    "deepreload": """
import zensecrets_jupyter.core.redaction.redactor
from IPython.lib.deepreload import reload as dreload
import sys
others = [name for name in sys.modules if not name.startswith('zensecrets_jupyter.core.redaction')]
dreload(zensecrets_jupyter.core.redaction, exclude=others)
""",
    "removed and imported again": """
import sys
for name in [name for name in sys.modules if name.partition('.')[0] == 'zensecrets_jupyter']:
    del sys.modules[name]
import zensecrets_jupyter
""",
}
"""Code that reloads the package or its redactor, by the name of the method."""


@pytest.mark.parametrize("reload", RELOADS)
def test_the_guard_masks_old_and_new_values_after_a_reload(reload: str, kernel: Kernel) -> None:
    """Values registered before and after the reload are masked, and ``%secret guard`` and ``%reload_ext`` work.

    The value ``typed`` is also registered after the reload, but by a magic with an inline secret.
    """
    values = {name: canary(name) for name in ("before", "after", "typed")}
    kernel.run(REGISTER.format(name="before", value=values["before"]))
    result = kernel.run(RELOADS[reload])
    assert result.ok, result.error
    result = kernel.run(REGISTER.format(name="after", value=values["after"]))
    assert result.ok, result.error
    assert kernel.run(f"%secret register typed --key={values['typed']}").ok
    result = kernel.run(f"for value in {list(values.values())!r}: print(value)")
    assert result.stream("stdout").split() == ["‹secret:before.key›", "‹secret:after.key›", "‹secret:typed.key›"]
    result = kernel.run("print(Client().active_stack.secrets_manager.get_secret('after').content['key'])")
    assert result.stream("stdout") == "‹secret:after.key›\n"
    assert kernel.run("%secret guard").ok
    assert kernel.run("%reload_ext zensecrets_jupyter").ok
    result = kernel.run(f"print({values['after']!r})")
    assert not find_canary(result.stream("stdout"))
    assert result.stream("stdout").count("‹secret:after.key›") == 1
