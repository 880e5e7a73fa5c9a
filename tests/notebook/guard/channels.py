"""The output channels of a kernel.

A test sends texts through each channel, by a cell that writes to it or by a function that sends requests to the kernel. The texts are
encoded values from tests/support/leaks.py. In the kernel, ``texts`` contains the texts for the current channel, and ``all_texts`` contains
the same texts in one string. The file ``path`` contains that string too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.kernels import Kernel

PREPARE = """
import asyncio, json, logging, os, pathlib, subprocess, sys, threading, time, warnings
from IPython.core import page
from IPython.display import (
    HTML, JSON, Javascript, Latex, Markdown, Pretty, clear_output, display, update_display)
from comm import create_comm
from zensecrets_jupyter.core.redaction import the_redactor

shell = get_ipython()
folder = pathlib.Path({folder!r})
shell.planted = json.loads((folder / "planted.json").read_text())
for number, value in enumerate(json.loads((folder / "values.json").read_text())):
    the_redactor().protect(value, f"planted.key{{number}}")

def use(channel):
    global texts, all_texts, path
    texts = shell.planted[channel]
    all_texts = "\\n".join(texts)
    path = folder / "one.txt"
    path.write_bytes(all_texts.encode())

def fail(text):
    raise ValueError(text)

def show_traceback_of(function, *arguments):
    try:
        function(*arguments)
    except Exception:
        shell.showtraceback()
"""
"""Code that prepares the kernel.

It protects the values of the file ``values.json``, and defines ``use``, which sets the texts for a channel. ``{folder!r}`` is the folder
of the files.
"""

CELLS = {
    "print": "for text in texts: print(text)",
    "print in one piece": "print(all_texts)",
    "print on a line": "for text in texts: print('[', text, ']', end='', flush=True)",
    "progress bar": "for text in texts: print('\\r10%|# ', text, end='')\nprint()",
    "stderr": "for text in texts: print(text, file=sys.stderr)",
    "stdout and stderr": """
for text in texts:
    sys.stdout.write(text[:20]); sys.stderr.write('-'); sys.stdout.write(text[20:] + ' ')
""",
    "logging": "for text in texts: logging.getLogger('app').warning('it is %s', text)",
    "logging an exception": """
for text in texts:
    try:
        fail(text)
    except ValueError:
        logging.getLogger('app').exception('failed')
""",
    "log file": """
handler = logging.FileHandler(folder / 'app.log', encoding='utf-8')
logging.getLogger('filed').addHandler(handler)
for text in texts: logging.getLogger('filed').warning('it is %s', text)
logging.getLogger('filed').removeHandler(handler); handler.close()
""",
    "warnings": "for text in texts: warnings.warn(text)",
    "thread": """
threads = [threading.Thread(target=print, args=(text,)) for text in texts]
for thread in threads: thread.start(); thread.join()
""",
    "exception in a thread": """
threads = [threading.Thread(target=fail, args=(text,)) for text in texts]
for thread in threads: thread.start(); thread.join()
""",
    "asyncio task": """
async def print_later(text):
    await asyncio.sleep(0)
    print(text)
await asyncio.gather(*(asyncio.create_task(print_later(text)) for text in texts))
""",
    "forked process": """
sys.stdout.flush()
child = os.fork()
if not child:
    print(all_texts); sys.stdout.flush(); os._exit(0)
_ = os.waitpid(child, 0); time.sleep(0.3)
""",
    "!command": "!cat {path}",
    "%%bash": "%%bash -s {path}\ncat $1",
    "%%script to stderr": "%%bash -s {path}\ncat $1 >&2",
    "os.system": "os.system(f'cat {path}'); time.sleep(0.1)",
    "subprocess": "subprocess.run(['cat', str(path)]); time.sleep(0.1)",
    "subprocess to stdout": "subprocess.run(['cat', str(path)], stdout=sys.stdout); time.sleep(0.1)",
    "file descriptor": "_ = os.write(1, all_texts.encode()); time.sleep(0.1)",
    "file descriptor 2": "_ = os.write(2, all_texts.encode()); time.sleep(0.1)",
    "result": "Pretty(all_texts)",
    "result in a list": "texts",
    "result in a dict": "{text: len(text) for text in texts}",
    "HTML": "for text in texts: display(HTML(f'<b>{text}</b>'))",
    "Markdown": "for text in texts: display(Markdown(text))",
    "LaTeX": "for text in texts: display(Latex(text))",
    "SVG": """
for text in texts:
    display({'image/svg+xml': f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'}, raw=True)
""",
    "JavaScript": "for text in texts: display(Javascript(f'let key = {text!r}'))",
    "JSON": "for text in texts: display(JSON({'key': [text], text: 1}))",
    "application MIME": "for text in texts: display({'application/vnd.some.v1+json': {'data': [{'y': text}]}}, raw=True)",
    "metadata": "for text in texts: display({'text/plain': ''}, metadata={'note': text}, raw=True)",
    "update_display": "handle = display(HTML(''), display_id='one')\nfor text in texts: update_display(HTML(text), display_id='one')",
    "data frame": "for text in texts: display(HTML(f'<td>{text[:46]}...</td>'))",
    "clear_output": "for text in texts: print(text); clear_output(wait=True)",
    "traceback": "for text in texts: show_traceback_of(fail, text)",
    "chained cause": """
def chained(text):
    try:
        fail(text)
    except ValueError as error:
        raise RuntimeError('outside') from error
for text in texts: show_traceback_of(chained, text)
""",
    "Verbose locals": """
%xmode Verbose
def with_locals(password):
    local_value = {'password': password}
    raise ValueError('nothing in it')
for text in texts: show_traceback_of(with_locals, text)
%xmode Context
""",
    "CalledProcessError": "for text in texts: show_traceback_of(lambda: subprocess.run(['false', '-H', text], check=True))",
    "error of a cell": "fail(all_texts)",
    "pager": "page.page(all_texts)",
    "%pinfo2": "loud = type('Loud', (), {'__doc__': all_texts})\n%pinfo loud",
    "%whos": "for number, text in enumerate(texts): globals()[f'whose{number}'] = text\n%whos str",
    "%env": "for number, text in enumerate(texts): os.environ[f'PLANTED_{number}'] = text\n%env",
    "set_next_input": "shell.set_next_input(all_texts)",
    "comm_open": "comms = [create_comm('planted', data={'state': {'value': text}}) for text in texts]",
    "comm_msg": "planted_comm = create_comm('planted')\nfor text in texts: planted_comm.send({'state': {'value': text}})",
    "comm metadata": "planted_comm = create_comm('planted')\nfor text in texts: planted_comm.send({}, metadata={'note': text})",
    "comm buffers": """
planted_comm = create_comm('planted')
for text in texts: planted_comm.send({}, buffers=[b'\\0\\xff' + text.encode() + b'\\xfe'])
""",
    "comm buffers of arrays": """
planted_comm = create_comm('planted')
planted_comm.send({}, buffers=[memoryview(bytearray(text.encode())) for text in texts])
""",
}
"""Channels to which a cell writes, each with the code of the cell."""

EXPRESSIONS = "one_text = all_texts"
# The cells of the test have numbers below 5000.
HISTORY = "for number, text in enumerate(texts): shell.history_manager.store_inputs(5000 + number, text, text)"
COMPLETION = """
def matcher(context):
    return {'completions': [SimpleCompletion(text) for text in texts] if 'planted.' in context.full_text else []}
from IPython.core.completer import SimpleCompletion, context_matcher
shell.Completer.custom_matchers.append(context_matcher()(matcher))
"""
INSPECTION = "class Documented:\n    pass\nDocumented.__doc__ = all_texts"
# Here the text is in the prompt, and not in the answer.
PROMPTS = "for text in texts: _ = input(text)"
PASSWORD_PROMPTS = "import getpass\nfor text in texts: _ = getpass.getpass(text)"
# The debugger escapes strings and the items of a list, but not the result of an object's own `repr`. So the code creates such an object,
# and deletes the list `texts` and the strings of the channel `%whos`.
VARIABLES = """
class Watched:
    def __repr__(self): return all_texts
watched = Watched()
for name in ['texts', *(name for name in list(globals()) if name.startswith('whose'))]: del globals()[name]
"""


def _expressions(kernel: Kernel) -> None:
    request = kernel.client.execute(EXPRESSIONS, user_expressions={"text": "one_text", "list": "texts"})
    kernel.read_messages(request)
    kernel.reply(request)


def _history(kernel: Kernel) -> None:
    assert kernel.run(HISTORY).ok
    kernel.reply(kernel.client.history(raw=True, output=False, hist_access_type="range", session=0, start=1, stop=None))


def _completion(kernel: Kernel) -> None:
    assert kernel.run(COMPLETION).ok
    kernel.complete("planted.")


def _inspection(kernel: Kernel) -> None:
    assert kernel.run(INSPECTION).ok
    kernel.inspect("Documented")


def _prompts(kernel: Kernel) -> None:
    assert kernel.run(PROMPTS, lambda _prompt: "an answer").ok


def _password_prompts(kernel: Kernel) -> None:
    assert kernel.run(PASSWORD_PROMPTS, lambda _prompt: "an answer").ok


def _variables(kernel: Kernel) -> None:
    assert kernel.run(VARIABLES).ok
    for command in ("debugInfo", "inspectVariables"):
        kernel.debug({"type": "request", "command": command, "seq": 1, "arguments": {}})


REQUESTS: dict[str, Callable[[Kernel], None]] = {
    "user expressions": _expressions,
    "history_reply": _history,
    "complete_reply": _completion,
    "inspect_reply": _inspection,
    "prompt": _prompts,
    "password prompt": _password_prompts,
    "debugger's variables": _variables,
}
"""Channels that need further requests, each with the function that sends them.

Most of these channels are replies to requests. For a prompt, the function answers the prompt.
"""

CHANNELS = [*CELLS, *REQUESTS]

ESCAPING_CHANNELS = {
    "CalledProcessError",
    "result in a list",
    "result in a dict",
    "JavaScript",
    "Verbose locals",
    "%env",
    "user expressions",
    "debugger's variables",
}
"""Channels that escape their text.

An example is ``repr``. A text with two levels of escapes would have three levels after the channel, and the redactor does not decode
three.
"""
