"""Backends that send requests to a service, and the modules that they share."""
