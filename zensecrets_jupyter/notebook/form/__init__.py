"""Forms in a notebook: the widget and its session.

The browser's part is in ``js/src/form``, and the messages between both are in ``contract/form.py``.
"""
