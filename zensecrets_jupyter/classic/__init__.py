"""Steps and pipelines of ZenML before 0.40, where a step and a pipeline are classes.

Code for ZenML imports them from modules with ZenML's names, such as ``zensecrets_jupyter.steps``. The execution is that of
:mod:`zensecrets_jupyter.core.steps`.
"""
