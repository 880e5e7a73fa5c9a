"""The commands of the group ``stack``, and of the groups of stack components."""
