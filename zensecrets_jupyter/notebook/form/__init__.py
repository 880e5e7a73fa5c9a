"""Forms in a notebook: the widget and its session. The browser's part is ``js/src/form``, the messages ``contract/form.py``."""
