"""Google Cloud Secret Manager."""
