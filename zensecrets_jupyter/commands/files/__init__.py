"""Commands that scan and clean files, and the fingerprints of known values."""
