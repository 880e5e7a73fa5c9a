"""The commands of `secret`."""
