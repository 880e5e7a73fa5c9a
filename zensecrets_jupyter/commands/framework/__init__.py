"""Click extensions, arguments, results and tables that all commands share."""
