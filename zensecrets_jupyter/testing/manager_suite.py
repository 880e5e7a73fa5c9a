"""The tests that every secrets manager passes, for authors of flavors. Needs the extra ``testing``.

An author's proof is a class in a test module::

    from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests

    class TestMine(SecretsManagerTests):
        backend_class = MineBackend

What is special about a place is said by the other attributes and methods of
:class:`~zensecrets_jupyter.testing._manager_hooks.ManagerHooks`. A manager is tested as what its ``capabilities`` say: one that only reads
is given its secrets by ``seed``, and has to refuse what it does not claim.
"""

from __future__ import annotations

import pytest

# Before they are imported: then a failed assertion shows what was compared.
pytest.register_assert_rewrite(
    *(f"zensecrets_jupyter.testing.{part}" for part in ("_manager_contract", "_manager_crowds", "_manager_leaks"))
)

from zensecrets_jupyter.testing._manager_contract import ContractTests  # noqa: E402 - see above
from zensecrets_jupyter.testing._manager_crowds import CrowdTests  # noqa: E402 - likewise
from zensecrets_jupyter.testing._manager_leaks import LeakTests  # noqa: E402 - likewise


class SecretsManagerTests(ContractTests, CrowdTests, LeakTests):
    """All of them; a subclass names its ``backend_class``."""
