"""Secrets and stacks in files, on their way in and out: their formats, the sealing of an export, and registering all or nothing."""
