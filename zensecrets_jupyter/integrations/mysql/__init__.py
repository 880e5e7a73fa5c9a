"""What ZenML's integration ``mysql`` has for secrets."""
