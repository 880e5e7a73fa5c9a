"""What ZenML's integration ``kserve`` has for secrets."""
