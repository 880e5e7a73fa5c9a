"""What a process without a kernel prints and logs, once its output is protected."""

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

BEGIN = """
import logging, logging.config, logging.handlers, multiprocessing, os, sys, threading, time, warnings
from zensecrets_jupyter import Client, protect_output, redact
"""
READ = 'value = Client().get_secret("db").content["password"]\n'
"""What a script begins with, and how it reads the value."""

CHANNELS = {
    "print": "print(value)",
    "print in pieces": "print(value[:9], end=''); print(value[9:])",
    "print in slow pieces": "print(value[:-6], end='', flush=True); print(value[-6:])",
    "standard error": "print(value, file=sys.stderr)",
    "sys.stdout.write": "sys.stdout.write(value + '\\n')",
    "writelines": "sys.stdout.writelines([value, '\\n'])",
    "sys.stdout.buffer": "sys.stdout.buffer.write(value.encode() + b'\\n')",
    "base64": "import base64; print(base64.b64encode(f'ada:{value}'.encode()).decode(), '" + MASK + "')",
    "warning": "warnings.warn(value)",
    "traceback": "raise ValueError(value)",
    "traceback of a thread": "thread = threading.Thread(target=int, args=(value,)); thread.start(); thread.join()",
    "logging without a handler": "logging.getLogger('x').warning('%s', value)",
    "logging with basicConfig": "logging.basicConfig(); logging.warning('token %s', value)",
    "handler made before": "",
    "extra": "logging.basicConfig(format='%(token)s'); logging.warning('x', extra={'token': value})",
    "dictConfig": "logging.config.dictConfig({'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler'}}, "
    "'root': {'handlers': ['h']}}); logging.warning(value)",
    "exception in a log": "logging.basicConfig()\ntry:\n    int(value)\nexcept ValueError:\n    logging.exception('x')",
    "at exit": "import atexit; atexit.register(print, value)",
    "what is held back at exit": "print(value[:-1], end='')",
    "sys.exit": "sys.exit(value)",
    "forked process": "worker = multiprocessing.get_context('fork').Process(target=print, args=(value,)); worker.start(); worker.join()",
    "worker that protects its own output": "worker = multiprocessing.get_context('fork').Process(target=lambda: "
    "(protect_output(), print(value[:-1], end='')))\nworker.start(); worker.join()",
    "held back in a forked process": "worker = multiprocessing.get_context('fork').Process(target=lambda: print(value[:-1], end=''))\n"
    "worker.start(); worker.join()",
}

LOGS = {
    "loguru": "from loguru import logger\nlogger.remove(); logger.add('log.txt', format='{message} {extra}')\n"
    "logger.bind(token=value).info(value)",
    "structlog": "import structlog\nstructlog.configure(logger_factory=structlog.PrintLoggerFactory(open('log.txt', 'w')))\n"
    "structlog.get_logger().info(value, token=value)",
    "FileHandler": "logging.basicConfig(filename='log.txt', format='%(msg)s %(token)s'); logging.warning(value, extra={'token': value})",
    "a record that is pickled": "record = logging.makeLogRecord({'msg': value, 'extra': value})\n"
    "open('log.txt', 'wb').write(logging.handlers.SocketHandler('localhost', 0).makePickle(record))",
}
"""Logs that are written to ``log.txt``."""


def _run(tmp_path: Path, code: str) -> str:
    """Return what a script writes to standard output and standard error."""
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], check=False, capture_output=True, timeout=60, cwd=tmp_path)
    return (done.stdout + done.stderr).decode()


@pytest.fixture
def value() -> str:
    """Return a value that is registered as ``db.password``."""
    value = canary("output")
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": value}))
    return value


@pytest.mark.parametrize("channel", [channel for channel, code in CHANNELS.items() if code])
def test_a_script_shows_no_value(channel: str, value: str, tmp_path: Path) -> None:
    """Whatever channel of Python the script writes to, the mask comes out; without the protection it is the value."""
    said = _run(tmp_path, f"{BEGIN}protect_output()\n{READ}{CHANNELS[channel]}")
    assert MASK in said
    assert find_canary(said) == []
    if channel not in {"base64", "worker that protects its own output"}:
        assert value[:-1] in _run(tmp_path, f"{BEGIN}{READ}{CHANNELS[channel]}")


@pytest.mark.parametrize("log", LOGS)
def test_a_log_holds_no_value(log: str, value: str, tmp_path: Path) -> None:
    """Whatever library and handler writes a log to a file, the mask is in it; without the protection it is the value."""
    said = {}
    for protect in ("protect_output()\n", ""):
        assert _run(tmp_path, f"{BEGIN}{protect}{READ}{LOGS[log]}") == ""
        said[protect] = (tmp_path / "log.txt").read_bytes().decode("utf-8", "replace")
        (tmp_path / "log.txt").unlink()
    protected, plain = said.values()
    assert MASK in protected
    assert find_canary(protected) == []
    assert value in plain


WORKERS = """
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


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_s_workers_protect_their_output(method: str, value: str, tmp_path: Path) -> None:
    """Each worker of a pool is told once, by its initializer; values that it returns are data."""
    script = tmp_path / "workers.py"
    said = {}
    for initializer in ("protect_output", "None"):
        script.write_text(WORKERS.replace("INITIALIZER", initializer), encoding="utf-8")
        done = subprocess.run([sys.executable, str(script), method], check=True, capture_output=True, timeout=120)
        said[initializer] = (done.stdout + done.stderr).decode()
    assert find_canary(said["protect_output"]) == []
    assert said["protect_output"].count(MASK) == 4
    assert said["None"].count(value[:-1]) == 4


def test_a_value_that_was_read_before_is_masked(value: str, tmp_path: Path) -> None:
    """It does not matter whether the value, or the handler of a log, was there before the output was protected."""
    code = f"{BEGIN}{READ}logging.basicConfig()\nprotect_output()\nprint(value)\nlogging.warning(value)"
    said = _run(tmp_path, code)
    assert said.count(MASK) == 2
    assert find_canary(said) == []
    assert value


def test_nothing_else_is_changed_or_lost(value: str, tmp_path: Path) -> None:
    """Text, its order and its encoding are as without the protection, down to an end without a newline and a closed stream."""
    code = (
        "print('é', 1, end='|', flush=True)\n"
        "sys.stdout.buffer.write(b'raw')\n"
        "print(sys.stdout.encoding, sys.stdout.isatty())\n"
        "print('last', end='')\n"
    )
    assert _run(tmp_path, f"{BEGIN}protect_output()\n{READ}{code}") == _run(tmp_path, f"{BEGIN}{READ}{code}")
    assert _run(tmp_path, f"{BEGIN}protect_output()\n{READ}print('é{value[:9]}', end='')") == f"é{value[:9]}"
    assert _run(tmp_path, f"{BEGIN}protect_output()\n{READ}sys.stdout.close()") == ""


def test_it_ends_with_its_block(value: str, tmp_path: Path) -> None:
    """Inside the block the value is masked, also after an inner block or a second call ended; after it everything is as it was."""
    code = f"""{BEGIN}{READ}
before = sys.stdout, sys.stderr, logging.Handler.handle
with protect_output() as outer:
    with protect_output():
        print("inner", value)
    second = protect_output()
    second.close()
    second.close()
    print("outer", value)
assert (sys.stdout, sys.stderr, logging.Handler.handle) == before
print("after", len(value), redact(value))
"""
    assert _run(tmp_path, code).splitlines() == [f"inner {MASK}", f"outer {MASK}", f"after {len(value)} {MASK}"]


def test_redact_is_public(value: str) -> None:
    """It masks a known value in a text, and leaves any other text as it is."""
    assert redact(f"token={value};") == f"token={MASK};"
    assert redact("nothing") == "nothing"
