"""Loggers of Python's own, as ZenML names them."""

from logging import Logger, getLogger

__all__ = ["Logger", "get_logger"]

get_logger = getLogger
