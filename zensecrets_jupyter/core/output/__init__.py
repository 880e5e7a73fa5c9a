"""Masking of the output of a process: standard output, standard error and log records."""
