"""Form requests, the rules for typed input, and the askers that need no browser."""
