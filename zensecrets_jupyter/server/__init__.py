"""The Jupyter Server front end: it masks values in files that are saved or exported."""
