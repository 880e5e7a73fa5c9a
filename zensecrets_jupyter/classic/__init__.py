"""Steps and pipelines in the style of ZenML before 0.40, in which both are classes.

Users import them from modules with ZenML's names, such as ``zensecrets_jupyter.steps``. :mod:`zensecrets_jupyter.core.steps` executes them.
"""
