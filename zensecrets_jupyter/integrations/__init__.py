"""ZenML's integrations: their names, and their schemas of secrets."""
