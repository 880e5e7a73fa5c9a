"""The commands of `stack`, and of the groups of stack components."""
