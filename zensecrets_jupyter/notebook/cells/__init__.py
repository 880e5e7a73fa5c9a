"""Protection of the inline secrets in cells and in the copies of cells."""
