"""Tables of secrets, components, stacks and runs, with masked values."""
