"""Form requests, the rules for typed input, and the ways of asking that need no browser."""
