"""Form requests, the rules for typed input, and the askers for terminals and for non-interactive runs."""
