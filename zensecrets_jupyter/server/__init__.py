"""The Jupyter Server front end: masking of values in saved and exported files."""
