"""The command tree of the magics and the terminal, which returns core objects and masked tables."""
