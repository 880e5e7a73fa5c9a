"""File functions for materializers."""
