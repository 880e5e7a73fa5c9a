"""What a shell is given to run: values in it are kept out of every history, and taken out of the cell where the front end can do that."""
