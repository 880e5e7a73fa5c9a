"""ZenML's integration ``kserve``: its schemas of secrets."""
