"""Recognition of secrets by a variable's name, a token's format, or the position in a URL, connection string or JSON."""
