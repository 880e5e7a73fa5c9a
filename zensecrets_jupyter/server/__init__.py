"""The face in Jupyter Server: what is saved and exported is looked through once more."""
