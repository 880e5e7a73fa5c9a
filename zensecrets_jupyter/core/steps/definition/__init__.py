"""The definition of steps and pipelines: signatures, options, settings, parameters, hooks and the context of a step."""
