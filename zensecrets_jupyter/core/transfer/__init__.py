"""Import, export and copy of secrets and stacks: file formats, encrypted exports, and all-or-nothing registration."""
