"""Click extensions: one-line errors with near misses, ``-`` and ``_`` as one, free options, and commands that are imported late.

Click's own errors may repeat a typed value; the errors of this module do not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from zensecrets_jupyter.commands.framework import free_options
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.help_texts import MISSING_COMMAND_HINTS
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.commands.framework.free_options import Argument, PositionedArgument
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret

WAIT = "--wait"
"""The option that makes a cell wait for its form. Front ends read it from the line themselves."""

wait = click.option(WAIT, is_flag=True, expose_value=False, help="In a notebook: go on only when the form is filled in.")
"""Add the option ``--wait`` to a command that asks for values."""

refresh = click.option("--refresh", is_flag=True, help="Bypass the cache, to see at once what others changed.")
"""Add the option to a command that reads secrets; the function gets it as ``refresh``."""

force_option = click.option("--force", "-f", "old_force", is_flag=True, hidden=True, help="ZenML's old name of --yes.")
"""Add ZenML's old name of ``--yes``; the function gets it as ``old_force``."""

SETTINGS: dict[str, Any] = {
    "help_option_names": ["--help", "-h"],
    "max_content_width": 100,
    "token_normalize_func": lambda token: token.replace("_", "-"),
}
"""The settings of the root's Click context. Other contexts inherit all but the first."""


class FilePath(click.Path):
    """A file or folder name that is not checked here; the code that opens it reports errors."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - Click's signature
        """Return the name unchecked. Click's own check raises if the locale's encoding lacks a character of the name."""
        return value


FILE = FilePath()


class HelpRequested(Exception):  # noqa: N818 - it is no error
    """Help or another text, such as the version, was requested; no command runs. The message is that text."""


def _ask_for_help(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - Click's signature
    if wanted and not context.resilient_parsing:
        raise HelpRequested(context.get_help())


class _HelpCommand(click.Command):
    """A command that returns its help as an outcome instead of printing it."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the ``--help`` option, which raises HelpRequested."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _ask_for_help
        return option


class Command(_HelpCommand):
    """A command that takes only its declared arguments and options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            UsageProblem: If there are too many words. The error does not repeat them, since one may be part of a value.
        """
        ctx.allow_extra_args = True
        if ctx.resilient_parsing and args and self._takes_value(ctx, args[-1]):
            # The value of the last option is being completed. With the option, Click would also ignore the words before it.
            args = args[:-1]
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise UsageProblem(f"{ctx.command_path} takes fewer words.", hint=usage(ctx))
        return rest

    def own_options(self, ctx: click.Context) -> dict[str, bool]:
        """Return the declared options by name, with ``-`` for ``_``, and whether each takes a value."""
        return {
            name.replace("_", "-"): not (parameter.is_flag or parameter.count)
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }

    def _takes_value(self, ctx: click.Context, word: str) -> bool:
        return self.own_options(ctx).get(word.replace("_", "-"), False)


def own_options() -> list[str]:
    """Return the declared options of the running command, with ``-`` for ``_``."""
    context = click.get_current_context()
    return list(context.command.own_options(context)) if isinstance(context.command, Command) else []


class FreeCommand(Command):
    """A command that also takes free options, whose names it does not declare; its function gets them as ``given``."""

    def __init__(
        self,
        *args: Any,
        names: int | None = 1,
        word: str = "KEY",
        keys: Callable[[click.Context], Iterable[str]] | None = None,
        inline_secret: Callable[[click.Context, Argument], InlineSecret | None] | None = None,
        short: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the command.

        Args:
            *args: Arguments of :class:`click.Command`.
            names: The number of positional words, as in :func:`.split`.
            word: The placeholder for a free option's name in help texts.
            keys: Returns the names that completion offers.
            inline_secret: Returns the inline secret in an argument, if there is one.
            short: Short options that stand for free options, by the short option.
            **kwargs: Keyword arguments of :class:`click.Command`.
        """
        super().__init__(*args, **kwargs)
        self._names = names
        self._word = word
        self._keys = keys
        self._inline_secret = inline_secret
        self._short = dict(short or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; see :func:`.split` for the errors."""
        own, given = free_options.split(self._expand_short(args), self.own_options(ctx), names=self._names, lenient=ctx.resilient_parsing)
        rest = super().parse_args(ctx, own)
        ctx.params["given"] = given
        return rest

    def positioned_arguments(
        self, ctx: click.Context, args: Sequence[str], *, lenient: bool = False
    ) -> tuple[list[str], list[PositionedArgument]]:
        """Return the words of declared arguments and options, and the free options with their positions."""
        return free_options.split_with_positions(self._expand_short(args), self.own_options(ctx), names=self._names, lenient=lenient)

    def _expand_short(self, args: Sequence[str]) -> list[str]:
        """Return the words with short options expanded: ``-v`` to ``--values``, and ``-vTEXT`` to ``--values=TEXT``."""
        end = args.index("--") if "--" in args else len(args)
        long = [
            f"--{self._short[word[:2]]}{'=' + word[2:].removeprefix('=') if word[2:] else ''}" if word[:2] in self._short else word
            for word in args[:end]
        ]
        return [*long, *args[end:]]

    def inline_secret(self, ctx: click.Context, given: Argument) -> InlineSecret | None:
        """Return the inline secret in an argument; ``None`` for a reference, a file name, or a value that is not sensitive."""
        return self._inline_secret(ctx, given) if self._inline_secret is not None else None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line, the free options last."""
        return [*super().collect_usage_pieces(ctx), f"[--{self._word}=VALUE | --{self._word}=@FILE | --{self._word}]..."]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions: free options by key, then declared options."""
        found = super().shell_complete(ctx, incomplete)
        if self._keys is None or not (incomplete.startswith("--") or not incomplete):
            return found
        taken = {one.key for one in ctx.params.get("given", ())}
        options = (f"--{key}=" for key in self._keys(ctx) if key not in taken)
        return [*(CompletionItem(option) for option in options if option.startswith(incomplete)), *found]


class LazyCommand(NamedTuple):
    """A command that is imported on first use.

    Attributes:
        module: The module that defines it.
        name: Its name in the module.
        summary: Its line in the help of the group.
    """

    module: str
    name: str
    summary: str


_SYNONYMS = {
    "activate": ("set",),
    "active": ("get",),
    "add": ("register",),
    "change": ("update",),
    "clone": ("copy",),
    "cp": ("copy",),
    "current": ("get",),
    "describe": ("get",),
    "drop": ("delete", "remove-component"),
    "edit": ("update",),
    "info": ("describe", "get"),
    "inspect": ("describe", "get"),
    "ls": ("list",),
    "move": ("rename",),
    "mv": ("rename",),
    "new": ("register",),
    "put": ("register", "update"),
    "read": ("get", "describe"),
    "remove": ("delete", "remove-component"),
    "rm": ("delete",),
    "rotate": ("update",),
    "set": ("update",),
    "show": ("describe", "get"),
    "store": ("register",),
    "switch": ("set",),
    "use": ("set",),
    "versions": ("history",),
    "view": ("describe", "get"),
}
"""The names of other programs for our commands, for suggestions in errors."""


class Group(_HelpCommand, click.Group):
    """A group of commands. Without a command it shows its help."""

    def __init__(
        self, name: str, *, lazy: Mapping[str, LazyCommand] | None = None, zenml_texts: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        """Create the group; ``lazy`` commands are imported on first use, and those in ``zenml_texts`` only print a line."""
        super().__init__(name, invoke_without_command=True, no_args_is_help=False, callback=_show_help, **kwargs)
        self.lazy = dict(lazy or {})
        self.zenml_texts = dict(zenml_texts or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, after importing it if necessary; ``None`` if the name is unknown."""
        name = cmd_name.replace("_", "-")
        if name == "create" and name not in self.list_commands(ctx):
            # ZenML renamed `register` to `create` in 0.40.
            name = "register"
        if name not in self.commands and name in self.lazy:
            entry = self.lazy[name]
            command: click.Command = getattr(importlib.import_module(entry.module), entry.name)
            self.add_command(command, name)
        if name not in self.commands and name in self.zenml_texts:
            return _TextCommand(name, text=self.zenml_texts[name])
        return super().get_command(ctx, name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names, and the remaining words.

        Raises:
            UsageProblem: If the name is unknown; the hint lists near misses, or all commands.
        """
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            if name.startswith("-"):
                message = f"{ctx.command_path} has no option {name.partition('=')[0]!r}."
                raise UsageProblem(message, hint=f"See {ctx.command_path} --help.")
            known = self.list_commands(ctx)
            meant = [repr(synonym) for synonym in _SYNONYMS.get(name, ()) if synonym in known]
            hint = f"Did you mean {' or '.join(meant)}?" if meant else did_you_mean(name.replace("_", "-"), known)
            hint = MISSING_COMMAND_HINTS.get(name) or hint or f"There are {', '.join(known)}."
            raise UsageProblem(f"{ctx.command_path} has no command {name!r}.", hint=hint)
        return command.name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the matching commands and options without importing the commands."""
        folded = incomplete.replace("_", "-")
        found = [CompletionItem(name, help=self._summary(ctx, name)) for name in self.list_commands(ctx) if name.startswith(folded)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def _summary(self, ctx: click.Context, name: str) -> str:
        if name in self.lazy:
            return self.lazy[name].summary
        command = self.get_command(ctx, name)
        return command.get_short_help_str(80) if command else ""


class _TextCommand(_HelpCommand):
    """A command that ignores its arguments, does nothing, and prints a line."""

    def __init__(self, name: str, *, text: str) -> None:
        super().__init__(name, callback=lambda: Outcome(text=text), help=text)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [word for word in args if word in {"--help", "-h"}])


@click.pass_context
def _show_help(context: click.Context, /) -> Outcome | None:
    return Outcome(text=context.get_help()) if context.invoked_subcommand is None else None


def usage(context: click.Context) -> str:
    """Return the usage of the context's command in one line."""
    pieces = [piece for piece in context.command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join(["Write:", context.command_path, *pieces]) + f" (see {context.command_path} --help)."


def usage_problem_from(error: click.UsageError) -> UsageProblem:
    """Return the UsageProblem for a usage error of Click."""
    context = error.ctx
    where = context.command_path if context else "The command"
    hint = usage(context) if context else ""
    if isinstance(error, click.NoSuchOption):
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        guess = did_you_mean(error.option_name, [name for name in known if name.startswith("-")])
        return UsageProblem(f"{where} has no option {error.option_name!r}.", hint=guess or f"See {where} --help.")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return UsageProblem(f"{where} needs {_label(error.param, context)}.", hint=hint)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return UsageProblem(f"{where}: {_label(error.param, context)}: {error.message.rstrip('.')}.", hint=hint)
    return UsageProblem(f"{where}: {error.message.rstrip('.')}.", hint=hint)


def _label(parameter: click.Parameter, context: click.Context | None) -> str:
    if isinstance(parameter, click.Option):
        return "/".join(parameter.opts)
    # Click 8.2 added an argument to make_metavar.
    return (parameter.metavar or parameter.name or "").upper() if context else str(parameter.name)
