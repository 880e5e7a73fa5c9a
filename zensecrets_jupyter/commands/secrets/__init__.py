"""The commands of the group ``secret``."""
