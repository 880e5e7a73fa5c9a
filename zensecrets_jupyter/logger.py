"""Python's loggers with ZenML's names."""

from logging import Logger, getLogger

__all__ = ["Logger", "get_logger"]

get_logger = getLogger
