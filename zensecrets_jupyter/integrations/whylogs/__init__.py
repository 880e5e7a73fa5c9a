"""ZenML's integration ``whylogs``: its schemas of secrets."""
