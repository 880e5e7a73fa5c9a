"""Messages between Python and the browser.

The modules ``js/src/contract/*.ts`` are generated from these by ``python -m tests.support.typescript``.
"""
