"""What IPython's own `%store` and cloudpickle keep of a secret: its reference, which works in another kernel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "hashlib.sha256({}.encode()).hexdigest()"


def test_stored_variables_work_in_another_kernel(tmp_path: Path) -> None:
    """A value, a secret and a dict of values come back in a new kernel as what they are, and no file held a value meanwhile."""
    value = canary("store")
    expected = repr(hashlib.sha256(value.encode()).hexdigest())
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("%secret register db --password", [value, ""]).ok
        assert kernel.run("secret = %secret get db\nvalue = secret.content['password']\ncontent = secret.content").ok
        ran = kernel.run("%store secret value content\nimport cloudpickle\nopen('pickled', 'wb').write(cloudpickle.dumps(lambda: value));")
        assert ran.ok, ran.error
    assert not find_canary(tmp_path)
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%store -r\nimport hashlib, pickle\nfunction = pickle.load(open('pickled', 'rb'))").ok
        for name in ("value", "secret.content['password']", "content['password']", "function()"):
            assert kernel.run(DIGEST.format(name)).shown() == [expected], name
        assert kernel.run("value").shown() == ["‹secret:db.password›"]
    assert not find_canary(tmp_path)


def test_a_rotated_secret_comes_back_as_it_is_then(tmp_path: Path) -> None:
    """What was stored is a reference: after an update the new kernel has the new value."""
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("%secret register db --password", [canary("old"), ""]).ok
        assert kernel.run("value = %secret get db --key password\n%store value").ok
        assert kernel.run("%secret update db --password", [new := canary("new")]).ok
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%store -r\nimport hashlib").ok
        assert kernel.run(DIGEST.format("value")).shown() == [repr(hashlib.sha256(new.encode()).hexdigest())]
    assert not find_canary(tmp_path)
