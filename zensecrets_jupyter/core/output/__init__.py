"""Masking of what a process writes: standard output, standard error and log records."""
