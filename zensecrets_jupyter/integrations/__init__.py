"""Schemas of secrets, where ZenML's integrations have them."""
