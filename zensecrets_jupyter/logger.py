"""Python's function for loggers, with ZenML's name."""

from logging import Logger, getLogger

__all__ = ["Logger", "get_logger"]

get_logger = getLogger
