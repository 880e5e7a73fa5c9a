"""Protections of a data key: the OS keyring, a passphrase, or a key file."""
