"""The face for notebooks and IPython: magics, prompts, completion and display. It is imported by ``%load_ext`` only."""
