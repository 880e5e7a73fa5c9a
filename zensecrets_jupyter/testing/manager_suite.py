"""The conformance suite for secrets managers, for authors of flavors.

It needs the extra ``testing`` of this package.

To test a backend, define a subclass in a test module::

    from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests

    class TestMine(SecretsManagerTests):
        backend_class = MineBackend

The suite runs the tests that the ``capabilities`` of the backend allow, and checks that other operations are refused. To describe special
properties of a backend, set the other attributes of :class:`~zensecrets_jupyter.testing.manager_hooks.ManagerHooks`. For a read-only
backend, override its method ``seed``, which stores secrets before a test.
"""

from __future__ import annotations

import pytest

# pytest rewrites assertions only in modules that are registered before their import.
pytest.register_assert_rewrite(
    *(f"zensecrets_jupyter.testing.{module}" for module in ("contract_tests", "concurrency_tests", "leak_tests"))
)

from zensecrets_jupyter.testing.concurrency_tests import ConcurrencyTests  # noqa: E402 - the import has to follow the registration
from zensecrets_jupyter.testing.contract_tests import ContractTests  # noqa: E402 - the import has to follow the registration
from zensecrets_jupyter.testing.leak_tests import LeakTests  # noqa: E402 - the import has to follow the registration


class SecretsManagerTests(ContractTests, ConcurrencyTests, LeakTests):
    """All tests of a secrets manager. A subclass sets ``backend_class``."""
