"""The built-in flavors, one module per component type, with the attributes and defaults of ZenML 0.20.5."""
