"""Where a session learns values from, besides registering and reading secrets: variables, password prompts, and the store."""
