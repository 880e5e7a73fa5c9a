"""ZenML's integration ``aws``: its schemas of secrets."""
