"""Search for inline secrets in calls of this package's Python API."""
