"""ZenML's integration ``gcp``: its schemas of secrets."""
