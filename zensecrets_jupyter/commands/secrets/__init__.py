"""Commands of `secret`."""
