"""Recognition of secrets that the user did not declare, such as those in environment variables."""
