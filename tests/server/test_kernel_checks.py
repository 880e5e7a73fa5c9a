"""The save check: kernels mask values in a file before a server saves it."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebook.guard.test_numbers import MASK, PIN, PROGRAMS
from tests.support.kernels import running_kernel
from tests.support.scan_files import notebook
from zensecrets_jupyter.commands.files.save_check import Endpoint, endpoint_of
from zensecrets_jupyter.server.save_check_client import SaveCheckClient
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.kernels import Kernel

PROTECT = "from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, {name!r})"
"""The source of a cell, for ``str.format``, that protects a value in its kernel."""


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the Jupyter runtime folder of this test."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir(mode=0o700)
    return tmp_path / "runtime"


@pytest.fixture
def kernel(runtime: Path, tmp_path: Path) -> Iterator[Kernel]:
    """Return a kernel that has loaded the extension and listens for requests of servers."""
    with running_kernel(tmp_path, connection_file=runtime / "kernel-first.json") as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        yield kernel


def _client(runtime: Path) -> SaveCheckClient:
    return SaveCheckClient(runtime, logging.getLogger("checks"))


def _endpoint(kernel: Kernel, runtime: Path) -> Endpoint:
    endpoint = endpoint_of(runtime, Path(kernel.manager.connection_file).stem)
    assert endpoint is not None
    return endpoint


def test_two_kernels_mask_their_values(kernel: Kernel, runtime: Path, tmp_path: Path) -> None:
    """Each of two kernels masks its own values. A notebook without values is returned unchanged."""
    values = {"first.key": canary("first"), "second.key": canary("second")}
    with running_kernel(tmp_path, connection_file=runtime / "kernel-second.json") as second_kernel:
        assert second_kernel.run("%load_ext zensecrets_jupyter").ok
        for kernel_of_value, (name, value) in zip((kernel, second_kernel), values.items(), strict=True):
            kernel_of_value.run(PROTECT.format(value=value, name=name))
        document = notebook(markdown=" ".join(values.values()), code=f"x = '{values['first.key']}'")
        masked_document, names = _client(runtime).mask(document, format="json")
        assert names == set(values)
        assert find_canary(json.dumps(masked_document)) == []
        document_without_values = notebook(markdown="nothing")
        assert _client(runtime).mask(document_without_values, format="json") == (document_without_values, set())


def test_numbers_of_a_figure_are_not_masked(kernel: Kernel, runtime: Path) -> None:
    """Numbers of scripts and figures are not masked in saved files. Texts that contain the same digits are masked.

    ``PROGRAMS`` has outputs that contain ``PIN`` both as a number and in texts. ``number_count`` says how often it is a number.
    """
    kernel.run(PROTECT.format(value=str(PIN), name="door.pin"))
    # A bundle contains one output, by MIME type.
    bundles: list[dict[str, Any]] = [{mime: text} for mime, text, _ in PROGRAMS.values()]
    bundles[0]["application/vnd.plotly.v1+json"] = {"y": [PIN], "name": str(PIN)}
    outputs = [{"output_type": "display_data", "metadata": {}, "data": bundle} for bundle in bundles]
    document = notebook(code="1")
    index = next(index for index, cell in enumerate(document["cells"]) if cell["cell_type"] == "code")
    document["cells"][index]["outputs"] = outputs
    masked_document, names = _client(runtime).mask(document, format="json")
    assert names == {"door.pin"}
    masked_bundles = [output["data"] for output in masked_document["cells"][index]["outputs"]]
    assert masked_bundles[0]["application/vnd.plotly.v1+json"] == {"y": [PIN], "name": MASK}
    for (mime, text, number_count), masked_bundle in zip(PROGRAMS.values(), masked_bundles, strict=True):
        assert masked_bundle[mime].count(str(PIN)) == number_count
        assert masked_bundle[mime].replace(MASK, str(PIN)) == text


def test_a_number_of_a_script_is_masked_in_a_source(kernel: Kernel, runtime: Path) -> None:
    """The same text occurs in an output and in the source of a cell.

    The number stays in the output, and is replaced in the source.
    """
    kernel.run(PROTECT.format(value=str(PIN), name="door.pin"))
    # For long texts, the masker remembers that it found no value. It must not use this result of the output for the source.
    text = f"<script>draw([{PIN}]);{' ' * 1_000}</script>"
    document = new_notebook(cells=[new_code_cell("1", outputs=[new_output("display_data", {"text/html": text})]), new_markdown_cell(text)])
    masked_document, names = _client(runtime).mask(document, format="json")
    output_cell, source_cell = masked_document["cells"]
    assert output_cell["outputs"][0]["data"]["text/html"] == text
    assert str(PIN) not in source_cell["source"]
    assert "{{door.pin}}" in source_cell["source"]
    assert names == {"door.pin"}


def test_unloading_removes_the_private_file(kernel: Kernel, runtime: Path) -> None:
    """Only the user can read the file with the port and the key of the kernel. Unloading removes the file and closes the port."""
    endpoint = _endpoint(kernel, runtime)
    assert stat.S_IMODE(endpoint.file.stat().st_mode) == 0o600
    assert _client(runtime).is_checking(Path(kernel.manager.connection_file).stem)
    kernel.run("%unload_ext zensecrets_jupyter")
    assert not endpoint.file.exists()
    with pytest.raises(OSError, match="refused"):
        endpoint.ask({})


def test_a_wrong_key_gets_no_answer(kernel: Kernel, runtime: Path) -> None:
    """A client gets an error if it seals its request with a wrong key. The kernel's encryption key is in the endpoint's file."""
    endpoint = _endpoint(kernel, runtime)._replace(key=bytes(32))
    with pytest.raises((OSError, ValueError)):
        endpoint.ask({})


def test_a_kernel_with_its_guard_off_masks_nothing(kernel: Kernel, runtime: Path) -> None:
    """The kernel answers that the guard is off, and the client returns the text unchanged."""
    value = canary("off")
    kernel.run(PROTECT.format(value=value, name="off.key"))
    kernel.run("%secret guard off")
    assert not _client(runtime).is_checking(Path(kernel.manager.connection_file).stem)
    assert _client(runtime).mask(value) == (value, set())


def test_a_killed_kernel_does_not_block_the_server(kernel: Kernel, runtime: Path) -> None:
    """The client removes the endpoint's file of a killed kernel, and returns the text unchanged."""
    endpoint = _endpoint(kernel, runtime)
    pid = kernel.run("import os; os.getpid()").displayed_data()[0]
    os.kill(int(pid), signal.SIGKILL)
    kernel.manager.provisioner.process.wait()
    assert _client(runtime).mask("text") == ("text", set())
    assert not endpoint.file.exists()
