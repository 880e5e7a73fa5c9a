"""The shared core: secrets, references, managers, stacks and steps, with nothing of Jupyter in it."""
