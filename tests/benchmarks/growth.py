"""Measure how times grow with the number of keys and the length of a value.

    python -m tests.benchmarks.growth

For each operation the program prints the milliseconds at four sizes, and the ratio of each time to the previous one. Each size is about
three times the previous one, so a ratio of three means linear growth, and a ratio of nine quadratic growth.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import tempfile
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacl.public import PublicKey, SealedBox

from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.secrets.forms import update_form
from zensecrets_jupyter.commands.tables.secret_tables import secret_table
from zensecrets_jupyter.contract.form import OpenForm
from zensecrets_jupyter.core.redaction import Redactor
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.notebook.form.session import FormSession
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.fingerprints.store import save_fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager

# Four sizes for each table.
KEY_COUNTS = (1_000, 3_000, 10_000, 30_000)
VALUE_LENGTHS = (16_384, 49_152, 163_840, 491_520)
"""Lengths in characters: 16, 48, 160 and 480 times 1,024."""
CHUNK_LENGTH = 4096
"""Number of characters of a chunk of output."""


class TimeTable:
    """A table of times, with a row for each operation and a column for each size."""

    def __init__(self, title: str, sizes: tuple[int, ...]) -> None:
        """Create a table without times.

        Args:
            title: The heading of the first column.
            sizes: The headings of the other columns. Each operation is measured once for each size, in this order.
        """
        self._title = title
        self._sizes = sizes
        self._times: dict[str, list[float]] = {}

    def measure(self, operation: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Measure a call of ``function`` for the row of an operation, and return the result of the call."""
        start_time = time.perf_counter()
        result = function(*arguments)
        self._times.setdefault(operation, []).append((time.perf_counter() - start_time) * 1000)
        return result

    def write(self) -> None:
        """Print the times, and the ratio of each time to the previous one."""
        sys.stdout.write(f"{self._title:<24}{''.join(f'{size:>10,}' for size in self._sizes)}   ratios\n")
        for operation, times in self._times.items():
            ratios = "".join(f"{later / earlier:>6.1f}" for earlier, later in pairwise(times))
            sys.stdout.write(f"{operation:<24}{''.join(f'{milliseconds:>10.1f}' for milliseconds in times)}{ratios}\n")


def run_command(*words: str) -> None:
    """Run a ``zensecrets`` command non-interactively; ``words`` are its arguments."""
    tree.run(words, NonInteractiveAsker())


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def submit_update_form(manager: SecretsManager, name: str, content: Mapping[str, str]) -> None:
    """Open the form that updates a secret, and submit it with the values in ``content``."""
    request = update_form(manager, manager.get_secret(name), keys=None, values={})
    session = FormSession("form", request, "The form", lambda: None, _log)
    message = {"form_id": "form", "attempt": 0, "sections": [{"values": list(content.items()), "removed": []}], "passphrase": None}
    assert isinstance(session.state, OpenForm)
    # As the browser does, encrypt the message with the public key of the form.
    box = SealedBox(PublicKey(base64.b64decode(session.state.public_key)))
    session.receive({"kind": "submit", "sealed": base64.b64encode(box.encrypt(json.dumps(message).encode())).decode()})
    # A form that is still open has refused the values.
    if session.is_open:
        raise RuntimeError(session.state)


def measure_by_keys(folder: Path) -> TimeTable:
    """Measure the operations on secrets with many keys."""
    times = TimeTable("keys", KEY_COUNTS)
    manager = active_manager()
    # The first registration is not measured, because it also creates the store, which takes time.
    manager.register_secret(ArbitrarySecretSchema(name="first", arbitrary_kv_pairs={"key": "warm-up"}))
    for count in KEY_COUNTS:
        # Three secrets of this size: ``s`` is registered in Python, ``i`` is imported, and ``c`` is registered by a command.
        name = f"s{count}"
        content = {f"key{number}": secrets.token_urlsafe(24) for number in range(count)}
        secret = times.measure("make", partial(ArbitrarySecretSchema, name=name, arbitrary_kv_pairs=content))
        times.measure("register", manager.register_secret, secret)
        times.measure("get", partial(manager.get_secret, refresh=True), name)
        times.measure("update one key", manager.merge_secret, name, {"key0": secrets.token_urlsafe(24)})
        times.measure("list", manager.summaries)
        times.measure("show as HTML", secret_table(secret)._repr_html_)
        times.measure("show as text", secret_table(secret).plain)
        times.measure("save fingerprints", save_fingerprints)
        new_content = {key: secrets.token_urlsafe(24) for key in content}
        times.measure("submit a form", submit_update_form, manager, name, new_content)
        file = folder / f"{count}.json"
        file.write_text(json.dumps({f"i{count}": new_content}), encoding="utf-8")
        times.measure("import", run_command, "secret", "import", str(file))
        times.measure("export", run_command, "secret", "export", name, f"{file}.sealed")
        key_options = [f"--{key}={value}" for key, value in new_content.items()]
        times.measure("register by options", run_command, "secret", "register", f"c{count}", *key_options)
        removal_options = [f"--remove-key={key}" for key in list(new_content)[1:]]
        times.measure("remove all keys but one", run_command, "secret", "update", f"c{count}", *removal_options)
        redactor = Redactor()
        for key, value in content.items():
            redactor.protect(value, f"{name}.{key}")
        # In the first call, the redactor prepares its search for the values. The line contains no value.
        times.measure("first line masked", redactor.redact, "a line of output\n")
        times.measure("mask all", redactor.redact, json.dumps(content))
        times.measure("delete", manager.delete_secret, name)
    return times


LONG_VALUES: dict[str, Callable[[int], str]] = {
    "one word": lambda size: secrets.token_urlsafe(size)[:size],
    "lines": lambda size: "\n".join(secrets.token_urlsafe(48) for _ in range(size // 65)),
    "one letter": lambda size: "a" * size,
}
"""Functions that return a value of about the given length. The dict's key describes the characters of the value."""


def measure_by_length(description: str) -> TimeTable:
    """Measure the protection and the output of long values.

    Args:
        description: The characters of the values, a key of :data:`LONG_VALUES`.
    """
    times = TimeTable(f"characters: {description}", VALUE_LENGTHS)
    for length in VALUE_LENGTHS:
        value = LONG_VALUES[description](length)
        redactor = Redactor()
        redactor.protect(value, "a.key")
        times.measure("first line masked", redactor.redact, "a line of output\n")
        times.measure("print", redactor.redact, f"it is {value}")
        times.measure("print as JSON", redactor.redact, json.dumps(value))
        times.measure("print in chunks", redact_in_chunks, redactor, value)
        fingerprint_text, _ = times.measure("make fingerprints", export, [(value, "a.key")])
        times.measure("scan by fingerprints", FingerprintMatcher(fingerprint_text, "").find, value.encode())
    return times


def redact_in_chunks(redactor: Redactor, value: str) -> str:
    """Redact a value that arrives in chunks of ``CHUNK_LENGTH`` characters, and return the result."""
    stream = redactor.stream()
    masked_chunks = [stream.feed(value[start : start + CHUNK_LENGTH]) for start in range(0, len(value), CHUNK_LENGTH)]
    return "".join([*masked_chunks, stream.release()])


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ZENSECRETS_HOME=folder, ZENSECRETS_PASSPHRASE=secrets.token_hex(), ZENSECRETS_FINGERPRINTS="on")
        measure_by_keys(Path(folder)).write()
    for description in LONG_VALUES:
        measure_by_length(description).write()


if __name__ == "__main__":
    main()
