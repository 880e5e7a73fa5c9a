"""Test suites and helpers for secrets, for this package and for authors of plug-ins."""
