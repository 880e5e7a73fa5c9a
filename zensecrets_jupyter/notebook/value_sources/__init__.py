"""Sources of values for the guard: environment variables, password prompts, the active stack."""
