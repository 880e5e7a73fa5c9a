"""Stored outputs of steps: artifacts, materializers, and files of the artifact store."""
