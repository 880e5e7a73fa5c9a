"""The built-in schemas of secrets, with the keys of ZenML 0.20.5 and its integrations."""
