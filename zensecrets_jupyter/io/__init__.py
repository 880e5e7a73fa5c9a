"""File functions for materializers, with ZenML's import path."""
