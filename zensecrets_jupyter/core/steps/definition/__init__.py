"""The definition of steps and pipelines: signatures, options, settings, parameters, hooks, contexts."""
