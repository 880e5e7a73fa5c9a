"""The built-in flavors, one file for each type of component; attributes and defaults are those of ZenML 0.20.5."""
