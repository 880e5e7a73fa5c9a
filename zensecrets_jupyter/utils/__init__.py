"""Helpers under the names that ZenML has for them."""
