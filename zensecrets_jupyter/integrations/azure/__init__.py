"""What ZenML's integration ``azure`` has for secrets."""
