"""Backends on other machines, and the parts that they share."""
