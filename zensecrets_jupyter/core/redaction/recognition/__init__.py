"""Recognition of secrets nobody has named: by a variable's name, a token's format, or a place in a URL, connection string or JSON."""
