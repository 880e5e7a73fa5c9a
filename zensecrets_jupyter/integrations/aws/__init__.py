"""What ZenML's integration ``aws`` has for secrets."""
