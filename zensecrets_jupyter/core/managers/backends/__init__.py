"""The built-in backends. Each flavor has a file or a folder."""
