"""`--external` on a magic's line, where a `#` might be taken for a comment and a brace for a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kernels import Kernel

ATTRIBUTE = """
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType
def external(name): return Client().workspace.component(ComponentType.SECRETS_MANAGER, name).attributes["external"]
"""


def test_paths_and_keys_reach_the_command_as_they_are_typed(kernel: Kernel) -> None:
    """As a pair, as several, and as JSON; nothing on the line is taken for a literal that had to be hidden."""
    assert kernel.run(ATTRIBUTE).ok
    for number, (typed, meant) in enumerate(
        [
            ("--external db=prod/db#password", {"db": "prod/db#password"}),
            ("--external=db=prod/$db,token=prod/api#key", {"db": "prod/$db", "token": "prod/api#key"}),
            ("""--external='{"db": "prod/db#password"}'""", {"db": "prod/db#password"}),
        ]
    ):
        line = f"%zen secrets-manager register team{number} --flavor=vault {typed}"
        ran = kernel.run(line)
        assert (ran.ok, ran.stream("stderr")) == (True, "")
        assert kernel.run(f"external('team{number}') == {meant!r}").shown() == ["True"]
        assert kernel.run("In[-3]").shown() == [repr(f"get_ipython().run_line_magic('zen', {line[5:]!r})")]
