"""The built-in flavors, with the attributes of ZenML 0.20.5; one module per component type."""
