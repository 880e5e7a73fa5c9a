"""Names of ZenML's integrations, and their schemas of secrets."""
