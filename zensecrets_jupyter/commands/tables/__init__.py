"""Tables of masked values, and the functions that show secrets, components, stacks and runs as tables."""
