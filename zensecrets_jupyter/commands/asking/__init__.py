"""Form requests, rules for typed input, and the askers that get values from a person."""
