"""The command tree of the magics and the terminal."""
