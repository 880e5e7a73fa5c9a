"""Inline secrets in the cells of a kernel, and the copies of cells in histories, logs and files."""
