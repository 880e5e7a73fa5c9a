"""Forms in a notebook: the widget, the session behind it, and the contract with the browser's half in ``js/src/form``."""
