"""ZenML's integration ``mysql``: its schemas of secrets."""
