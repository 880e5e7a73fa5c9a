"""The IPython and Jupyter front end; only ``%load_ext`` imports it."""
