"""Sample cells with inline secrets on command lines.

A test replaces ``?`` by the value. The cells contain errors and unusual spellings on purpose.
"""

from __future__ import annotations

COMMAND_CELLS = [
    "%secret register x y --key=?",
    "%secret register x --key = ?",
    "%secret register x -key=?",
    "%secret register x key=?",
    "%secret register x --key ?",
    "%secret register x --key='?",
    '%secret register x --key="a ?',
    "%secret\tregister\tx\t--key=?",
    "% secret register x --key=?",
    "%%secret register x --key=?",
    "%secrets register x --key=?",
    "%zensecrets secret register x --key=?",
    "%secret regster x --key=?",
    "%secret register x \\\n  --key = ?",
    "%secret register x --key=correct horse ?",
    # Word processors replace `--` by the dash U+2014.
    "%secret register x \u2014key=?",
    "x = 1\nsecret register x --key=?",
    "if True: %secret register x --key=?",
    "s = secret register x --key=?",
    "x %secret register x --key=?",
    "def f():\n    %secret register x --key=?\n  return",
    "%%capture\nsecret register x --key=?\n1",
    "%time %secret register x --key=?",
    "%timeit -n1 -r1 %secret register x --key=?",
    "%%capture\n%secret register x --key=?",
    "!zensecrets secret register x --key=?",
    "!!zensecrets secret register x --key=?",
    "o = !zensecrets secret register x --key=?",
    "!zensecrets secret register x --key=?;b&c",
    "!cd /tmp && zensecrets secret register x --key='?' | cat; ls",
    "%%bash\nzensecrets secret register x \\\n  --key=?\nls",
    "%%sh\nzensecrets secret register x --key=?",
    "%%script bash\nzensecrets secret register x --key=?",
    "%sx zensecrets secret register x --key=?",
    "%system zensecrets secret register x --key=?",
    "get_ipython().system('zensecrets secret register x --key=?')",
    "get_ipython().run_cell('%secret register x --key=?')",
    "get_ipython().run_line_magic('secret', 'register x --key=?')",
    "get_ipython().run_line_magic(\n 'secret', 'register x '\n '--key=?')",
    "get_ipython().run_cell_magic('time', '', '%secret register x --key=?')",
    "get_ipython().magic('secret register x --key=?')",
    "import os\nos.system(\"zensecrets secret register x --key='?'\")",
    "subprocess.run(['zensecrets', 'secret', 'register', 'x', '--key=?'])",
    "subprocess.run(['zensecrets', 'secret', 'register', 'x', '--key', '?'])",
    "subprocess.run(f'zensecrets secret register {x} --key=?')",
]
"""Cells with a command line of this package, which may be malformed."""

MISTYPED_CELLS = {
    '%secret register x --key="-----BEGIN\n?\n-----END"\nprint(1)': "%secret register x --key\nprint(1)",
    "x = 1\nsecret register x --key='-----BEGIN\n?\n\n-----END' -s arbitrary\n1": "x = 1\nsecret register x --key -s arbitrary\n1",
    "%secret register x --key='-----BEGIN\n?\n-----END": "%secret register x --key",
    "%secret register x --key='-----BEGIN\n?\n-----END' --other=\"a\nb?\"\n1": "%secret register x --key --other\n1",
    '!zensecrets secret register x --key="-----BEGIN\n?\n-----END"': "!zensecrets secret register x --key",
    "%secert register x --key=?": "%secert register x --key",
    "%secrt register x --key=?": "%secrt register x --key",
    "%%sceret register x --key=?": "%%sceret register x --key",
    "x = 1\nsecert register x --key=?": "x = 1\nsecert register x --key",
    "%time %secert regster x --key=?": "%time %secert regster x --key",
    "%zen secrets-manger secret register x --key=?": "%zen secrets-manger secret register x --key",
    "%zen secert register x --key=?": "%zen secert register x --key",
    "%zen anotator register a --flavor=label_studio --token=?": "%zen anotator register a --flavor=label_studio --token",
    "%secret register x --api_key:?": "%secret register x --api_key",
    "%secret register x \u2014-key=?": "%secret register x --key",
    "%secret register x -\u2014key=?": "%secret register x --key",
    "%secret register x \u2011\u2212key=?": "%secret register x --key",
    "%secret register \u2013-key=?": "%secret register --key",
    "zenml secret register x --key=?": "zenml secret register x --key",
    "!zenml secret register x --key=?": "!zenml secret register x --key",
    "zensecrets secret register x --key=?": "zensecrets secret register x --key",
    "%secret register x ?": "%secret register x",
    "%secret register x api_key '?' -s arbitrary": "%secret register x api_key -s arbitrary",
    "%secret register ? x": "%secret register x",
    "%secret register x -s arbitrary ?": "%secret register x -s arbitrary",
    "%secret --key=?": "%secret --key",
    "%secrett --key=?": "%secrett --key",
    "%stack register q -o default -a default -x default --token=?": "%stack register q -o default -a default -x default --token",
    "%stak update --token=?": "%stak update --token",
}
"""Cells with a typing error, each with the expected cell without the value.

Some values have several lines. In other cells, a dash such as U+2014 replaces a hyphen, or the value has no key.
"""
