"""The command tree of magics and terminal: it takes words, and returns core objects and masked tables."""
