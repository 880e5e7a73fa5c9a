"""Files by path or URL, for materializers."""
