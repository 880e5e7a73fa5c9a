"""The command tree: what the magics and the terminal have in common. Words go in, core objects and masked tables come out."""
