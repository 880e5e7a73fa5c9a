"""The backends: one file or folder for each flavor."""
