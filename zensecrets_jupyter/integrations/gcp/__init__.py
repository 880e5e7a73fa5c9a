"""What ZenML's integration ``gcp`` has for secrets."""
