"""Real kernels that check files for the save hook of a server."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.notebook.guard.test_numbers import MASK, PIN, PROGRAMS
from tests.support.kernels import running_kernel
from tests.support.planting import notebook
from zensecrets_jupyter.commands.files.save_check import Endpoint, endpoint_of
from zensecrets_jupyter.server.save_check_client import SaveCheckClient
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.kernels import Kernel

PROTECT = "from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, {name!r})"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the Jupyter runtime folder of this test."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir(mode=0o700)
    return tmp_path / "runtime"


@pytest.fixture
def kernel(runtime: Path, tmp_path: Path) -> Iterator[Kernel]:
    """Return a kernel that listens."""
    with running_kernel(tmp_path, connection_file=runtime / "kernel-first.json") as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        yield kernel


def _checking(runtime: Path) -> SaveCheckClient:
    return SaveCheckClient(runtime, logging.getLogger("checks"))


def _endpoint(kernel: Kernel, runtime: Path) -> Endpoint:
    endpoint = endpoint_of(runtime, Path(kernel.manager.connection_file).stem)
    assert endpoint is not None
    return endpoint


def test_two_kernels_mask_what_each_knows(kernel: Kernel, runtime: Path, tmp_path: Path) -> None:
    """A notebook with values of two kernels is returned masked, with both names; one without values is returned unchanged."""
    values = {"first.key": canary("first"), "second.key": canary("second")}
    with running_kernel(tmp_path, connection_file=runtime / "kernel-second.json") as other:
        assert other.run("%load_ext zensecrets_jupyter").ok
        for one, (name, value) in zip((kernel, other), values.items(), strict=True):
            one.run(PROTECT.format(value=value, name=name))
        document = notebook(markdown=" ".join(values.values()), code=f"x = '{values['first.key']}'")
        masked, names = _checking(runtime).masked(document, format="json")
        assert names == set(values)
        assert find_canary(json.dumps(masked)) == []
        neutral = notebook(markdown="nothing")
        assert _checking(runtime).masked(neutral, format="json") == (neutral, set())


def test_the_numbers_of_a_saved_figure_stay(kernel: Kernel, runtime: Path) -> None:
    """Numbers that scripts and drawings in outputs read remain numbers in the saved file; texts beside them are masked."""
    kernel.run(PROTECT.format(value=str(PIN), name="door.pin"))
    data: list[dict[str, Any]] = [{mime: text} for mime, text, _ in PROGRAMS.values()]
    data[0]["application/vnd.plotly.v1+json"] = {"y": [PIN], "name": str(PIN)}
    outputs = [{"output_type": "display_data", "metadata": {}, "data": one} for one in data]
    document = notebook(code="1")
    document["cells"][-1]["outputs"] = outputs
    masked, names = _checking(runtime).masked(document, format="json")
    assert names == {"door.pin"}
    found = [output["data"] for output in masked["cells"][-1]["outputs"]]
    assert found[0]["application/vnd.plotly.v1+json"] == {"y": [PIN], "name": MASK}
    for (mime, text, numbers), shown in zip(PROGRAMS.values(), found, strict=True):
        assert (shown[mime].count(str(PIN)), shown[mime].replace(MASK, str(PIN))) == (numbers, text)


def test_the_file_is_private_and_goes_with_the_extension(kernel: Kernel, runtime: Path) -> None:
    """Only the owner can read the file, and unloading removes it and closes the port."""
    endpoint = _endpoint(kernel, runtime)
    assert stat.S_IMODE(endpoint.file.stat().st_mode) == 0o600
    assert _checking(runtime).is_checking(Path(kernel.manager.connection_file).stem)
    kernel.run("%unload_ext zensecrets_jupyter")
    assert not endpoint.file.exists()
    with pytest.raises(OSError, match="refused"):
        endpoint.ask({})


def test_another_key_gets_no_answer(kernel: Kernel, runtime: Path) -> None:
    """A client with the port and without the key learns nothing, not even whether the guard is on."""
    endpoint = _endpoint(kernel, runtime)._replace(key=bytes(32))
    with pytest.raises((OSError, ValueError)):
        endpoint.ask({})


def test_with_the_guard_off_nothing_is_checked(kernel: Kernel, runtime: Path) -> None:
    """The kernel answers that the guard is off, and returns no document."""
    value = canary("off")
    kernel.run(PROTECT.format(value=value, name="off.key"))
    kernel.run("%secret guard off")
    assert not _checking(runtime).is_checking(Path(kernel.manager.connection_file).stem)
    assert _checking(runtime).masked(value) == (value, set())


def test_a_kernel_that_was_killed_does_not_hold_a_server_up(kernel: Kernel, runtime: Path) -> None:
    """Its file is removed, and the document is saved."""
    endpoint = _endpoint(kernel, runtime)
    pid = kernel.run("import os; os.getpid()").shown()[0]
    os.kill(int(pid), signal.SIGKILL)
    kernel.manager.provisioner.process.wait()
    assert _checking(runtime).masked("text") == ("text", set())
    assert not endpoint.file.exists()
