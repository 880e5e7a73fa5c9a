"""Search files for the values of secrets, and remove the values."""
