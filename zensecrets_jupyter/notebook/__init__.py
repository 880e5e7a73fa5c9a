"""The IPython and Jupyter front end. Only ``%load_ext`` imports it."""
