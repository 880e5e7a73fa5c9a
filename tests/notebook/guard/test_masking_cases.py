"""Everyday cases, most from public bug reports of programs that mask secrets, each played in a real kernel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

CASES = [json.loads(line) for line in (Path(__file__).parent / "masking.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case(kernel: Kernel, case: dict[str, Any]) -> None:
    """A value is registered, code prints something that it can be read in: what must not be seen is not, what must stay is."""
    register = "secrets_manager.register_secret(ArbitrarySecretSchema(name='case', arbitrary_kv_pairs={'key': value}))"
    code = f"""
from zensecrets_jupyter import ArbitrarySecretSchema, Client
value, text = {case["value"]!r}, {case["text"]!r}
Client().active_stack.{register}
"""
    # The cell itself holds the value: what is said of that is another matter.
    assert kernel.run(code).ok
    ran = kernel.run("print(text, end='\\n')")
    assert ran.ok
    shown = ran.stream("stdout")
    assert [text for text in case["hide"] if text in shown] == []
    assert [text for text in case["keep"] if text not in shown] == []
