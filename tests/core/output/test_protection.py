"""Tests of printed and logged text in a process that protects its output."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter import ArbitrarySecretSchema, Client, redact
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

MASK = "‹secret:db.password›"

IMPORTS = """
import logging, logging.config, logging.handlers, multiprocessing, os, sys, threading, time, warnings
from zensecrets_jupyter import Client, protect_output, redact
"""
"""The first lines of each script."""
READ = 'value = Client().get_secret("db").content["password"]\n'
"""A later line of each script, which reads the value. In most scripts, the protection starts before this line."""

CHANNELS = {
    "print": "print(value)",
    "print in pieces": "print(value[:9], end=''); print(value[9:])",
    # The flush would write the first piece at once if the redactor did not hold it back.
    "print in slow pieces": "print(value[:-6], end='', flush=True); print(value[-6:])",
    "standard error": "print(value, file=sys.stderr)",
    "sys.stdout.write": "sys.stdout.write(value + '\\n')",
    "writelines": "sys.stdout.writelines([value, '\\n'])",
    "sys.stdout.buffer": "sys.stdout.buffer.write(value.encode() + b'\\n')",
    "base64": "import base64; print(base64.b64encode(f'ada:{value}'.encode()).decode())",
    "warning": "warnings.warn(value)",
    "traceback": "raise ValueError(value)",
    "traceback of a thread": "thread = threading.Thread(target=int, args=(value,)); thread.start(); thread.join()",
    "logging without a handler": "logging.getLogger('x').warning('%s', value)",
    "logging with basicConfig": "logging.basicConfig(); logging.warning('token %s', value)",
    "extra": "logging.basicConfig(format='%(token)s'); logging.warning('x', extra={'token': value})",
    "dictConfig": "logging.config.dictConfig({'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler'}}, "
    "'root': {'handlers': ['h']}}); logging.warning(value)",
    "exception in a log": "logging.basicConfig()\ntry:\n    int(value)\nexcept ValueError:\n    logging.exception('x')",
    "at exit": "import atexit; atexit.register(print, value)",
    "delayed text at exit": "print(value[:-1], end='')",
    "sys.exit": "sys.exit(value)",
    "forked process": "worker = multiprocessing.get_context('fork').Process(target=print, args=(value,)); worker.start(); worker.join()",
    "worker that protects its own output": "worker = multiprocessing.get_context('fork').Process(target=lambda: "
    "(protect_output(), print(value[:-1], end='')))\nworker.start(); worker.join()",
    "delayed text in a forked process": "worker = multiprocessing.get_context('fork').Process(target=lambda: print(value[:-1], end=''))\n"
    "worker.start(); worker.join()",
}
"""Code that writes the value to standard output or standard error, in each way.

Delayed text is text that the redactor holds back, because it may be the beginning of a value. At the end of the process, the redactor masks
this text if only the last character of the value (``value[:-1]``) is missing.
"""

LOGS = {
    "loguru": "from loguru import logger\nlogger.remove(); logger.add('log.txt', format='{message} {extra}')\n"
    "logger.bind(token=value).info(value)",
    "structlog": "import structlog\nstructlog.configure(logger_factory=structlog.PrintLoggerFactory(open('log.txt', 'w')))\n"
    "structlog.get_logger().info(value, token=value)",
    "FileHandler": "logging.basicConfig(filename='log.txt', format='%(msg)s %(token)s'); logging.warning(value, extra={'token': value})",
    "a record that is pickled": "record = logging.makeLogRecord({'msg': value, 'extra': value})\n"
    "open('log.txt', 'wb').write(logging.handlers.SocketHandler('localhost', 0).makePickle(record))",
}
"""Code that writes a log to ``log.txt``."""


def _run(tmp_path: Path, code: str) -> str:
    """Run code as a script, and return its standard output and standard error."""
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    completed = subprocess.run([sys.executable, str(script)], check=False, capture_output=True, timeout=60, cwd=tmp_path)
    return (completed.stdout + completed.stderr).decode()


@pytest.fixture
def value() -> str:
    """Return a value that is registered as ``db.password``."""
    value = canary("output")
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": value}))
    return value


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_channel_of_a_script_is_masked(channel: str, value: str, tmp_path: Path) -> None:
    """Each output channel of a script shows the mask; without the protection, it shows the value."""
    output = _run(tmp_path, f"{IMPORTS}protect_output()\n{READ}{CHANNELS[channel]}")
    assert MASK in output
    assert find_canary(output) == []
    # Two scripts do not show the value without the protection. The script "base64" shows it in base64, and the worker of the other script
    # starts the protection itself. Some scripts print the value without its last character, so the test searches for ``value[:-1]``.
    if channel not in {"base64", "worker that protects its own output"}:
        assert value[:-1] in _run(tmp_path, f"{IMPORTS}{READ}{CHANNELS[channel]}")


@pytest.mark.parametrize("log", LOGS)
def test_each_log_library_is_masked(log: str, value: str, tmp_path: Path) -> None:
    """Each logging library and handler writes the mask to a file; without the protection, it writes the value."""
    logs = []
    for protection in ("protect_output()\n", ""):
        assert _run(tmp_path, f"{IMPORTS}{protection}{READ}{LOGS[log]}") == ""
        logs.append((tmp_path / "log.txt").read_bytes().decode("utf-8", "replace"))
        (tmp_path / "log.txt").unlink()
    protected_log, unprotected_log = logs
    assert MASK in protected_log
    assert find_canary(protected_log) == []
    assert value in unprotected_log


POOL_SCRIPT = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from zensecrets_jupyter import Client, protect_output

def work(end):
    value = Client().get_secret("db").content["password"]
    print(value, value[:-1], end=end)
    return value

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context(sys.argv[1]), initializer=INITIALIZER) as pool:
        assert len(set(pool.map(work, ["\\n", ""]))) == 1
"""
"""A script whose worker process prints the value, and the value without its last character.

The worker does this twice, first with a final newline and then without one. The script's argument is the start method of the worker.
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_protect_their_output(method: str, value: str, tmp_path: Path) -> None:
    """If protect_output is the initializer of a pool, the output of each worker is masked.

    Both calls of the worker function return the same value, so the results do not depend on the printed text.
    """
    script = tmp_path / "workers.py"
    output = {}
    for initializer in ("protect_output", "None"):
        script.write_text(POOL_SCRIPT.replace("INITIALIZER", initializer), encoding="utf-8")
        completed = subprocess.run([sys.executable, str(script), method], check=True, capture_output=True, timeout=120)
        output[initializer] = (completed.stdout + completed.stderr).decode()
    # The script calls its function twice. Each call prints two texts: the value, and the value without its last character.
    assert find_canary(output["protect_output"]) == []
    assert output["protect_output"].count(MASK) == 4
    assert output["None"].count(value[:-1]) == 4


@pytest.mark.usefixtures("value")
def test_earlier_values_and_handlers_are_covered(tmp_path: Path) -> None:
    """If a value was read and a log handler was created before the protection started, the value is masked."""
    code = f"{IMPORTS}{READ}logging.basicConfig()\nprotect_output()\nprint(value)\nlogging.warning(value)"
    output = _run(tmp_path, code)
    assert output.count(MASK) == 2
    assert find_canary(output) == []


def test_other_text_is_unchanged(value: str, tmp_path: Path) -> None:
    """Output without a value is not changed.

    This is tested without a final newline, with nine characters of a value at the end, and with a closed stream. Nine characters are too
    few to be masked.
    """
    code = (
        "print('é', 1, end='|', flush=True)\n"
        "sys.stdout.buffer.write(b'raw')\n"
        "print(sys.stdout.encoding, sys.stdout.isatty())\n"
        "print('last', end='')\n"
    )
    assert _run(tmp_path, f"{IMPORTS}protect_output()\n{READ}{code}") == _run(tmp_path, f"{IMPORTS}{READ}{code}")
    assert _run(tmp_path, f"{IMPORTS}protect_output()\n{READ}print('é{value[:9]}', end='')") == f"é{value[:9]}"
    assert _run(tmp_path, f"{IMPORTS}protect_output()\n{READ}sys.stdout.close()") == ""


def test_the_protection_ends_with_its_block(value: str, tmp_path: Path) -> None:
    """With nested protections, the protection lasts until the outer block ends.

    Closing the same protection twice does not end the outer one.
    """
    code = f"""{IMPORTS}{READ}
originals = sys.stdout, sys.stderr, logging.Handler.handle
with protect_output() as outer:
    with protect_output():
        print("inner", value)
    second = protect_output()
    second.close()
    second.close()
    print("outer", value)
assert (sys.stdout, sys.stderr, logging.Handler.handle) == originals
print("after", len(value), redact(value))
"""
    assert _run(tmp_path, code).splitlines() == [f"inner {MASK}", f"outer {MASK}", f"after {len(value)} {MASK}"]


def test_redact_masks_a_registered_value(value: str) -> None:
    """redact() masks a registered value, and does not change other texts."""
    assert redact(f"token={value};") == f"token={MASK};"
    assert redact("nothing") == "nothing"
