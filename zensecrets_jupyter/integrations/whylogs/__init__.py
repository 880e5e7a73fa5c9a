"""What ZenML's integration ``whylogs`` has for secrets."""
