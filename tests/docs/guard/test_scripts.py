"""Tests of docs/guard.md: masking without a kernel."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import random_value
from zensecrets_jupyter import ArbitrarySecretSchema, Client

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
sys.__stdout__.write(f"<one> {redact(value)}\\n")
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
    """A script's output is masked within the block and after the call.

    The channels that the page excludes are not masked.
    """
    value = random_value()
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": value}))
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    shown = dict(re.findall(r"<(\w+)> (\S+)", done.stdout + done.stderr))
    shown_channels = ("before", "after", "descriptor", "program")
    masked_channels = ("block", "out", "err", "log", "one")
    assert shown == {**dict.fromkeys(shown_channels, value), **dict.fromkeys(masked_channels, "‹secret:db.password›")}
