"""Sources of values that the guard masks: environment variables, password prompts, and the secrets of the active stack."""
