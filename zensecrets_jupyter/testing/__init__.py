"""What this package and others test secrets with."""
