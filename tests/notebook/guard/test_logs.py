"""Tests of log output of a kernel to files and other programs.

The handlers of the logs are created after ``%load_ext``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

SETUP = """
import asyncio, copy, http.server, json, logging, logging.config, logging.handlers, pickle, queue, socket, sys, threading
from zensecrets_jupyter import Client
value = "".join(list(Client().get_secret("logged").content["key"]))

def logger_to(handler, format="%(message)s", name="quiet"):
    handler.setFormatter(format if isinstance(format, logging.Formatter) else logging.Formatter(format))
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers = [handler]
    logger.setLevel(1)
    return logger

class Payload:
    def __str__(self):
        return f"payload {value}"

def failed():
    try:
        raise ValueError(f"not {value}") from KeyError(value)
    except ValueError:
        return sys.exc_info()
"""

"""Code that sets ``value`` to a copy of a secret's value, and defines helpers.

``logger_to`` returns a logger with one handler, ``str`` of a ``Payload`` contains the value, and ``failed`` returns the ``exc_info`` of an
error with the value.
"""

LOGGING_CODE = {
    "message and arguments": """logger_to(logging.FileHandler(path)).error("it is %s", value)""",
    "extra": """logger_to(logging.FileHandler(path), "%(message)s %(body)s").error("sent", extra={"body": {"token": value}})""",
    "extra with an object": """logger_to(logging.FileHandler(path), "%(message)s %(body)s").error("sent", extra={"body": Payload()})""",
    "record factory set later": """
before = logging.getLogRecordFactory()
def factory(*args, **options):
    record = before(*args, **options)
    record.token = value
    return record
logging.setLogRecordFactory(factory)
logger_to(logging.FileHandler(path), "%(message)s %(token)s").error("made")
logging.setLogRecordFactory(before)
""",
    "makeLogRecord and handle": """
handler = logging.FileHandler(path)
handler.handle(logging.makeLogRecord({"msg": "made of %s", "args": (value,)}))
""",
    "makeLogRecord and emit": """logging.FileHandler(path).emit(logging.makeLogRecord({"msg": f"made of {value}"}))""",
    "dictConfig": """
logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"f": {"format": "%(message)s %(user)s", "defaults": {"user": "nobody"}}},
    "handlers": {"h": {"class": "logging.FileHandler", "filename": path, "formatter": "f"}},
    "loggers": {"configured": {"handlers": ["h"], "level": "INFO", "propagate": False}},
})
logging.getLogger("configured").info("x %s", value, extra={"user": value})
""",
    "fileConfig": """
import configparser
configuration = configparser.ConfigParser(interpolation=None)
configuration.read_string(f'''
[loggers]
keys=root,filed
[handlers]
keys=h
[formatters]
keys=f
[logger_root]
handlers=
[logger_filed]
level=INFO
handlers=h
propagate=0
qualname=filed
[handler_h]
class=FileHandler
args=({path!r},)
formatter=f
[formatter_f]
format=%(message)s
''')
logging.config.fileConfig(configuration, disable_existing_loggers=False)
logging.getLogger("filed").info(f"by file {value}")
""",
    "LoggerAdapter": """
class Adapter(logging.LoggerAdapter):
    def process(self, message, options):
        return f"{message} [{self.extra['token']}]", options
Adapter(logger_to(logging.FileHandler(path)), {"token": value}).error("adapted")
""",
    "handler filter that adds the value": """
handler = logging.FileHandler(path)
def add(record):
    record.msg = f"{record.msg} {value}"
    return True
handler.addFilter(add)
logger_to(handler).error("filtered")
""",
    "message object": """logger_to(logging.FileHandler(path)).error(Payload())""",
    "argument object": """logger_to(logging.FileHandler(path)).error("%s", Payload())""",
    "queue and listener": """
records = queue.Queue()
listener = logging.handlers.QueueListener(records, logging.FileHandler(path))
listener.start()
logger_to(logging.handlers.QueueHandler(records), "%(message)s").error("queued %s", value, exc_info=failed(), extra={"x": value})
listener.stop()
""",
    "pickled record of a queue": """
records = queue.Queue()
logger_to(logging.handlers.QueueHandler(records)).error("queued %s", value, exc_info=failed(), extra={"x": value})
with open(path, "wb") as file:
    file.write(pickle.dumps(records.get(), protocol=0))
""",
    "memory handler": """
target = logging.FileHandler(path)
target.setFormatter(logging.Formatter("%(message)s %(token)s"))
memory = logging.handlers.MemoryHandler(100, target=target)
logger_to(memory).error("kept", extra={"token": value})
memory.flush()
""",
    "socket": """
server = socket.create_server(("127.0.0.1", 0))
handler = logging.handlers.SocketHandler(*server.getsockname())
logger_to(handler).error("sent %s", value, exc_info=failed(), extra={"token": value})
connection, _ = server.accept()
handler.close()
with open(path, "wb") as file:
    file.write(connection.makefile("rb").read())
""",
    "pickle of a socket handler": """
handler = logging.handlers.SocketHandler("127.0.0.1", 1)
with open(path, "wb") as file:
    file.write(handler.makePickle(logging.makeLogRecord({"msg": "sent %s", "args": (value,), "token": value})))
""",
    "HTTP": """
with open(path, "w", buffering=1) as file:
    record = logging.makeLogRecord({"msg": "sent %s", "args": (value,), "token": value})
    file.write(repr(logging.handlers.HTTPHandler("127.0.0.1", "/").mapLogRecord(record)))
""",
    "rotating": """logger_to(logging.handlers.RotatingFileHandler(path, maxBytes=10**6)).error("turned %s", value, exc_info=failed())""",
    "formatter class": """
class Formatter(logging.Formatter):
    def format(self, record):
        return f"{record.msg % record.args} {record.exc_info[1]} {record.exc_info[1].__cause__!r}"
logger_to(logging.FileHandler(path), Formatter()).error("own %s", value, exc_info=failed())
""",
    "JSON formatter that reads __dict__": """
class Formatter(logging.Formatter):
    def format(self, record):
        return json.dumps(record.__dict__, default=str)
logger_to(logging.FileHandler(path), Formatter()).error("json %s", value, exc_info=failed(), extra={"a": {"b": [value]}, "o": Payload()})
""",
    "handler class that reads the record": """
class Handler(logging.Handler):
    def emit(self, record):
        with open(path, "a") as file:
            print(record.getMessage(), record.__dict__, record.args, record.o, record.exc_info[1], repr(record.exc_info), file=file)
logger_to(Handler()).error("read %s", value, exc_info=failed(), extra={"o": Payload()})
""",
    "handler class that formats by itself": """
class Handler(logging.StreamHandler):
    def format(self, record):
        return f"{record.getMessage()} {record.token}"
logger_to(Handler(open(path, "w", buffering=1))).error("by itself %s", value, extra={"token": value})
""",
    "handler class that prints the exception": """
import traceback
class Handler(logging.Handler):
    def emit(self, record):
        error_type, error, frames = record.exc_info
        assert error_type is ValueError and isinstance(error, ValueError) and frames is not None
        with open(path, "a") as file:
            traceback.print_exception(error_type, error, frames, file=file)
logger_to(Handler()).error("shown", exc_info=failed())
""",
    "rich": """
from rich.console import Console
from rich.logging import RichHandler
console = Console(file=open(path, "w", buffering=1), width=400, force_jupyter=False)
logger_to(RichHandler(console=console, rich_tracebacks=True)).error("rich %s", value, exc_info=failed())
""",
    "report of an invalid call": """
from contextlib import redirect_stderr
with open(path, "w", buffering=1) as file, redirect_stderr(file):
    logger_to(logging.StreamHandler(file)).warning("too many %s", value, 2)
""",
    "warnings": """
import warnings
logging.captureWarnings(True)
logger_to(logging.FileHandler(path), name="py.warnings")
warnings.warn(f"old {value}", stacklevel=1)
logging.captureWarnings(False)
""",
    "stack": """logger_to(logging.FileHandler(path)).error(value, stack_info=True)""",
}

LOGURU_CODE = {
    "file": """logger.add(path)\nlogger.info("it is {}", value)""",
    "function": """
def sink(message):
    with open(path, "a") as file:
        print(message, message.record, message.record["exception"], message.record["extra"]["token"], file=file)
logger.add(sink)
try:
    raise ValueError(f"not {value}")
except ValueError:
    logger.bind(token=value).exception(f"called with {value}")
""",
    "serialized": """logger.add(path, serialize=True)\nlogger.bind(token=value).info(f"it is {value}")""",
    "variables in tracebacks": """
logger.add(path, diagnose=True, backtrace=True)
def fail(argument):
    return 1 / len(argument[len(argument):])
try:
    fail(value)
except ZeroDivisionError:
    logger.exception("failed")
""",
    "patched": """
logger.add(path, format="{message} {extra[token]}")
logger.patch(lambda record: record["extra"].update(token=value)).info("patched")
""",
    "enqueued": """logger.add(path, enqueue=True)\nlogger.info(f"it is {value}")\nlogger.complete()""",
    "handler of logging": """logger.add(logging.FileHandler(path))\nlogger.info(f"it is {value}")""",
    "stream": """logger.add(open(path, "w", buffering=1))\nlogger.info(f"it is {value}")""",
    "coroutine": """
async def sink(message):
    with open(path, "a") as file:
        file.write(message)
logger.add(sink)
logger.info(f"it is {value}")
await logger.complete()
""",
}

STRUCTLOG_CODE = {
    "print": """
structlog.configure(logger_factory=structlog.PrintLoggerFactory(open(path, "w", buffering=1)), cache_logger_on_first_use=False)
structlog.get_logger().info("event", token=value, nested={"deep": [value]})
""",
    "write and JSON": """
structlog.configure(
    processors=[structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()],
    logger_factory=structlog.WriteLoggerFactory(open(path, "w", buffering=1)),
)
structlog.get_logger().error("event", token=value, exc_info=failed())
""",
    "bytes": """
structlog.configure(
    processors=[structlog.processors.JSONRenderer(serializer=lambda event, **_: json.dumps(event).encode())],
    logger_factory=structlog.BytesLoggerFactory(open(path, "wb", buffering=0)),
)
structlog.get_logger().info(f"event {value}")
""",
    "standard library": """
structlog.configure(
    processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
formatter = structlog.stdlib.ProcessorFormatter(processors=[
    structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()])
logger_to(logging.FileHandler(path), formatter, name="structured")
structlog.get_logger("structured").warning("event", token=value)
""",
    "tracebacks": """
renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(
    processors=[renderer], logger_factory=structlog.PrintLoggerFactory(open(path, "w", buffering=1)))
structlog.get_logger().error("event", exc_info=failed())
""",
}

CHANNELS = {
    **{f"logging: {name}": code for name, code in LOGGING_CODE.items()},
    **{f"loguru: {name}": f"from loguru import logger\nlogger.remove()\n{code}" for name, code in LOGURU_CODE.items()},
    **{f"structlog: {name}": f"import structlog\nstructlog.reset_defaults()\n{code}" for name, code in STRUCTLOG_CODE.items()},
}
"""Ways to log, each with the code that logs the value to the file ``path``."""


@pytest.fixture
def logging_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel whose variable ``value`` contains a protected value."""
    assert kernel.run("%secret register logged --key", [canary("logged")]).ok
    assert kernel.run(SETUP).ok
    return kernel


def run_channels(kernel: Kernel, folder: Path) -> tuple[list[str], list[str]]:
    """Run the code of each channel, which logs to its own file.

    Returns:
        The channels whose file contains the value, and the channels whose file contains no mask.
    """
    folder.mkdir()
    leaking, without_mask = [], []
    for number, (name, code) in enumerate(CHANNELS.items()):
        path = folder / f"{number}.log"
        result = kernel.run(f"path = {str(path)!r}\n{code}\nlogging.shutdown()")
        assert result.ok, (name, result.error)
        # Some files contain pickles. Latin-1 decodes any bytes, but changes the brackets of a mask, so the search omits them.
        log_text = path.read_bytes().decode("latin-1")
        if find_canary(log_text):
            leaking.append(name)
        if "secret:logged.key" not in log_text:
            without_mask.append(name)
    return leaking, without_mask


def test_no_log_contains_a_value(logging_kernel: Kernel, tmp_path: Path) -> None:
    """Every handler, configuration, formatter and library writes the mask instead of the value."""
    assert run_channels(logging_kernel, tmp_path / "logs") == ([], [])


def test_every_log_contains_the_value_without_the_guard(logging_kernel: Kernel, tmp_path: Path) -> None:
    """With the guard off, every channel writes the value.

    This shows that the test of the masked logs can fail.
    """
    logging_kernel.run("%secret guard off")
    leaking, _ = run_channels(logging_kernel, tmp_path / "logs")
    assert sorted(CHANNELS.keys() - set(leaking)) == []


def test_an_invalid_logging_call_is_reported_masked(logging_kernel: Kernel) -> None:
    """The report of ``logging`` about wrong arguments contains masks, and no error of the redactor."""
    report = logging_kernel.run("logging.warning('too many %s', 1, 2)").stream("stderr")
    assert "--- Logging error ---" in report
    assert "TypeError: not all arguments converted during string formatting" in report
    assert "Message: 'too many %s'\nArguments: (1, 2)" in report
    assert "redaction failed" not in report
    assert "Arguments: ('‹secret:logged.key›', 2)" in logging_kernel.run("logging.warning('too many %s', value, 2)").stream("stderr")


def test_the_original_record_is_unchanged(logging_kernel: Kernel) -> None:
    """Masking changes neither the log record nor the exception.

    A handler gets a masked copy of the record. If the record contains no value, the handler gets the record itself.
    """
    result = logging_kernel.run("""
record = logging.makeLogRecord({"msg": "it is %s", "args": (value,), "exc_info": failed(), "token": value})
error = record.exc_info[1]
class StoringHandler(logging.Handler):
    def emit(self, record):
        self.record = record
handler = StoringHandler()
handler.handle(record)
assert record.args == (value,) and record.token == value and record.exc_info[1] is error and str(error) == f"not {value}"
masked = handler.record
assert masked.exc_info[0] is ValueError and masked.exc_info[2] is error.__traceback__ and str(masked.exc_info[1]) != str(error)
plain = logging.makeLogRecord({"msg": "%s of %d", "args": ("one", 2)})
handler.handle(plain)
assert handler.record is plain
""")
    assert result.ok, result.error


def test_unloading_restores_logging(kernel: Kernel) -> None:
    """Unloading restores the classes of logging, loguru and structlog, and the import hooks."""
    print_patches = """
import logging.handlers, loguru._simple_sinks, loguru._file_sink, structlog._base, sys
classes = [logging.Handler, logging.handlers.SocketHandler, logging.handlers.HTTPHandler, logging.handlers.QueueHandler,
           loguru._file_sink.FileSink, loguru._simple_sinks.CallableSink, structlog._base.BoundLoggerBase]
methods = [method for cls in classes for method in vars(cls).values() if callable(method)]
patches = [item for item in [*methods, *map(type, sys.meta_path)] if "zensecrets" in str(getattr(item, "__module__", ""))]
print(len(patches), logging.getLogRecordFactory() is logging.LogRecord)
"""
    # The code prints the number of patched methods and import hooks, and whether the record factory is the one of logging.
    assert kernel.run(print_patches).stream("stdout") == "11 True\n"
    assert kernel.run("%unload_ext zensecrets_jupyter").ok
    assert kernel.run(print_patches).stream("stdout") == "0 True\n"
