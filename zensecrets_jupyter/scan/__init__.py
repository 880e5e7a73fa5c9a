"""Known values in files: finding them in every form and place, and taking them out again."""
