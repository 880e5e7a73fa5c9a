"""Tests of docs/guard.md: masking without a kernel."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import random_value
from zensecrets_jupyter import ArbitrarySecretSchema, Client

# Each line of the output starts with the name of its channel in brackets. The handler is created before the second call of
# `protect_output`, because the call must also mask handlers that exist. `sys.__stdout__` is not masked, so `redact` alone masks that line.
SCRIPT = """
import logging, os, subprocess, sys
from zensecrets_jupyter import Client, protect_output, redact
value = Client().get_secret("db").content["password"]
print("<before>", value)
with protect_output():
    print("<block>", value)
print("<after>", value)
handler = logging.StreamHandler(sys.stdout)
protect_output()
print("<out>", value)
print("<err>", value, file=sys.stderr)
logging.getLogger().addHandler(handler)
logging.warning("<log> %s", value)
sys.__stdout__.write(f"<redact> {redact(value)}\\n")
sys.stdout.flush()
os.write(1, f"<descriptor> {value}\\n".encode())
subprocess.run(["echo", "<program>", value])
"""


@covers(
    """`zensecrets_jupyter.protect_output()` masks standard output, standard error and log records of any Python process, as a call or as a
    context manager; `redact(text)` masks one text."""
)
@covers("They do not mask the output of other processes, or bytes that are written to file descriptors.")
def test_protect_output_masks_a_script() -> None:
    """Output is masked in the ``with`` block, after the call of ``protect_output``, and by ``redact``.

    Output before the block, between the block and the call, of a program, and to a file descriptor is not masked.
    """
    value = random_value()
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": value}))
    process = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    output_by_channel = dict(re.findall(r"<(\w+)> (\S+)", process.stdout + process.stderr))
    assert output_by_channel == {
        **dict.fromkeys(("before", "after", "descriptor", "program"), value),
        **dict.fromkeys(("block", "out", "err", "log", "redact"), "‹secret:db.password›"),
    }
