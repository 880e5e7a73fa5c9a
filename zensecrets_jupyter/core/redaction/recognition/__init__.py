"""Recognition of secrets in values that the user did not declare as secrets, such as environment variables."""
