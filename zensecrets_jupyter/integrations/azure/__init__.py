"""ZenML's integration ``azure``: its schemas of secrets."""
