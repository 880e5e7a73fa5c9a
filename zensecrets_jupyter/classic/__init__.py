"""Steps and pipelines as ZenML has them up to 0.3x: a step and a pipeline are classes, and calling one makes an instance.

The modules beside this package that are called as ZenML's, such as ``zensecrets_jupyter.steps``, give it to code that was written for that.
Everything here stands on :mod:`zensecrets_jupyter.core.steps`, which runs it.
"""
