"""Tests of common cases, most from public bug reports of other programs that mask secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

CASES = [json.loads(line) for line in (Path(__file__).parent / "masking.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_common_case_is_masked(kernel: Kernel, case: dict[str, Any]) -> None:
    """The case's ``text``, which contains its ``value`` in an encoding, is printed with a mask.

    The value is registered before. The output contains none of the texts in the case's ``hide``, and all of the texts in its ``keep``.
    """
    register = "secrets_manager.register_secret(ArbitrarySecretSchema(name='case', arbitrary_kv_pairs={'key': value}))"
    code = f"""
from zensecrets_jupyter import ArbitrarySecretSchema, Client
value, text = {case["value"]!r}, {case["text"]!r}
Client().active_stack.{register}
"""
    # This cell also causes the warning that it holds the value. tests/notebook/cells/test_history.py tests that warning.
    assert kernel.run(code).ok
    result = kernel.run("print(text, end='\\n')")
    assert result.ok
    output = result.stream("stdout")
    assert [text for text in case["hide"] if text in output] == []
    assert [text for text in case["keep"] if text not in output] == []
