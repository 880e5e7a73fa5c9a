"""What ZenML's integration ``seldon`` has for secrets."""
