"""ZenML's integration ``seldon``: its schemas of secrets."""
