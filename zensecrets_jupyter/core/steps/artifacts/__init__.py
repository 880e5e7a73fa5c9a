"""Stored outputs of steps: artifacts, the classes that write and read them, and the files of the artifact store."""
