"""Helper functions with ZenML's import path."""
