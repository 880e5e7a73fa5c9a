"""The secrets of a ZenML server."""
