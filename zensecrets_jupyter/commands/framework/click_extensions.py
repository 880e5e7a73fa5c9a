"""What our commands have in common, said to Click: one-line errors with near misses, ``-`` and ``_`` alike, arguments of any name.

Click's own errors may repeat what was typed; ours don't where it could be a value.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from zensecrets_jupyter.commands.framework import free_options
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.help_texts import ABSENT
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.commands.framework.free_options import Argument, PositionedArgument
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret

WAIT = "--wait"
"""The option that has a cell wait for its form; the faces look for it themselves, since only they know what waiting is."""

wait = click.option(WAIT, is_flag=True, expose_value=False, help="In a notebook: go on only when the form is filled in.")
"""Gives a command that asks the option."""

refresh = click.option("--refresh", is_flag=True, help="Read anew what was read in the last minute: what others changed is seen at once.")
"""Gives a command that reads secrets the option; its function gets it as ``refresh``."""

force_option = click.option("--force", "-f", "old_force", is_flag=True, hidden=True, help="ZenML's old name of --yes.")
"""Add ZenML's old name of ``--yes``; the function gets it as ``old_force``."""

SETTINGS: dict[str, Any] = {
    "help_option_names": ["--help", "-h"],
    "max_content_width": 100,
    "token_normalize_func": lambda token: token.replace("_", "-"),
}
"""Click's settings of every context, set on the root and inherited but for the first."""


class FilePath(click.Path):
    """The name of a file or a folder, as it was typed; what is wrong with it is told by what uses it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - Click's signature
        """Return it; Click's own class would look at the file, and raises where the locale lacks a letter of its name."""
        return value


FILE = FilePath()


class HelpRequested(Exception):  # noqa: N818 - it is no error
    """Somebody asked for help, or for something else that is told before any command runs; its text is the answer."""


def _ask_for_help(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - Click's signature
    if wanted and not context.resilient_parsing:
        raise HelpRequested(context.get_help())


class _OurHelp(click.Command):
    """A command whose help is an outcome like any other."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option that asks for help."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _ask_for_help
        return option


class Command(_OurHelp):
    """A command with arguments and options of its own only."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageProblem: If there is a word too many; it is not repeated, since it may be a piece of a value.
        """
        ctx.allow_extra_args = True
        if ctx.resilient_parsing and args and self._takes_value(ctx, args[-1]):
            # Its value is what is being completed; Click would give up on the words before it too.
            args = args[:-1]
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise UsageProblem(f"{ctx.command_path} takes fewer words.", hint=usage(ctx))
        return rest

    def own_options(self, ctx: click.Context) -> dict[str, bool]:
        """Return the options by name, ``_`` as ``-``, with whether each takes a value."""
        return {
            name.replace("_", "-"): not (parameter.is_flag or parameter.count)
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }

    def _takes_value(self, ctx: click.Context, word: str) -> bool:
        return self.own_options(ctx).get(word.replace("_", "-"), False)


def own_options() -> list[str]:
    """Return the options of the command that runs now, ``_`` as ``-``."""
    context = click.get_current_context()
    return list(context.command.own_options(context)) if isinstance(context.command, Command) else []


class FreeCommand(Command):
    """A command that takes arguments of any name too; its function gets them as ``given``."""

    def __init__(
        self,
        *args: Any,
        names: int | None = 1,
        word: str = "KEY",
        keys: Callable[[click.Context], Iterable[str]] | None = None,
        literal: Callable[[click.Context, Argument], InlineSecret | None] | None = None,
        short: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Make it.

        ``names`` is as in :func:`.split`, ``word`` is what help calls a key, ``keys`` completes them, and ``literal`` returns the
        value that somebody typed with an argument and had better not. ``short`` has short options that stand for arguments.
        """
        super().__init__(*args, **kwargs)
        self._names = names
        self._word = word
        self._keys = keys
        self._literal = literal
        self._short = dict(short or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; errors as :func:`free_options.split` has them."""
        own, given = free_options.split(self._spelled_out(args), self.own_options(ctx), names=self._names, lenient=ctx.resilient_parsing)
        rest = super().parse_args(ctx, own)
        ctx.params["given"] = given
        return rest

    def placed(self, ctx: click.Context, args: Sequence[str], *, lenient: bool = False) -> tuple[list[str], list[PositionedArgument]]:
        """Return the words of ``args`` that are the command's own, and the arguments with their places; see :func:`.placed_in`."""
        return free_options.placed_in(self._spelled_out(args), self.own_options(ctx), names=self._names, lenient=lenient)

    def _spelled_out(self, args: Sequence[str]) -> list[str]:
        """Return the words with ``-v`` as ``--values`` and ``-vTEXT`` as ``--values=TEXT``, each in its place."""
        end = args.index("--") if "--" in args else len(args)
        long = [
            f"--{self._short[word[:2]]}{'=' + word[2:].removeprefix('=') if word[2:] else ''}" if word[:2] in self._short else word
            for word in args[:end]
        ]
        return [*long, *args[end:]]

    def literal(self, ctx: click.Context, given: Argument) -> InlineSecret | None:
        """Return the sensitive value that was typed with an argument, or ``None`` if there is none: a reference, a file, clear text."""
        return self._literal(ctx, given) if self._literal is not None else None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line, the free arguments last."""
        return [*super().collect_usage_pieces(ctx), f"[--{self._word}=VALUE | --{self._word}=@FILE | --{self._word}]..."]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the options and the keys that may come next."""
        found = super().shell_complete(ctx, incomplete)
        if self._keys is None or not (incomplete.startswith("--") or not incomplete):
            return found
        taken = {one.key for one in ctx.params.get("given", ())}
        options = (f"--{key}=" for key in self._keys(ctx) if key not in taken)
        return [*(CompletionItem(option) for option in options if option.startswith(incomplete)), *found]


class LazyCommand(NamedTuple):
    """A command that is imported when it is used: its module, its name in there, and the line that lists it."""

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
"""What other programs call our commands."""


class Group(_OurHelp, click.Group):
    """A group of commands; called without one it shows its help."""

    def __init__(
        self, name: str, *, later: Mapping[str, LazyCommand] | None = None, elsewhere: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        """Make it; the commands in ``later`` are imported when they are used, those ``elsewhere`` are ZenML's and say a line only."""
        super().__init__(name, invoke_without_command=True, no_args_is_help=False, callback=_show_help, **kwargs)
        self.later = dict(later or {})
        self.elsewhere = dict(elsewhere or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted."""
        return sorted({*super().list_commands(ctx), *self.later})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now if need be; ``None`` if there is none of that name."""
        name = cmd_name.replace("_", "-")
        if name == "create" and name not in self.list_commands(ctx):
            # ZenML has called it so since 0.40.
            name = "register"
        if name not in self.commands and name in self.later:
            where = self.later[name]
            command: click.Command = getattr(importlib.import_module(where.module), where.name)
            self.add_command(command, name)
        if name not in self.commands and name in self.elsewhere:
            return _Saying(name, text=self.elsewhere[name])
        return super().get_command(ctx, name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names, and the words after it.

        Raises:
            UsageProblem: If there is none of that name; it names near misses, or all there are.
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
            hint = ABSENT.get(name) or hint or f"There are {', '.join(known)}."
            raise UsageProblem(f"{ctx.command_path} has no command {name!r}.", hint=hint)
        return command.name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, importing none for it."""
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that may come next, importing none for it."""
        folded = incomplete.replace("_", "-")
        found = [CompletionItem(name, help=self._summary(ctx, name)) for name in self.list_commands(ctx) if name.startswith(folded)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def _summary(self, ctx: click.Context, name: str) -> str:
        if name in self.later:
            return self.later[name].summary
        command = self.get_command(ctx, name)
        return command.get_short_help_str(80) if command else ""


class _Saying(_OurHelp):
    """A command that takes whatever comes, does nothing, and says why."""

    def __init__(self, name: str, *, text: str) -> None:
        super().__init__(name, callback=lambda: Outcome(text=text), help=text)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [word for word in args if word in {"--help", "-h"}])


@click.pass_context
def _show_help(context: click.Context, /) -> Outcome | None:
    return Outcome(text=context.get_help()) if context.invoked_subcommand is None else None


def usage(context: click.Context) -> str:
    """Return how the command of ``context`` is written, in one line."""
    pieces = [piece for piece in context.command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join(["Write:", context.command_path, *pieces]) + f" (see {context.command_path} --help)."


def usage_problem_from(error: click.UsageError) -> UsageProblem:
    """Return our own error for one of Click's."""
    context = error.ctx
    where = context.command_path if context else "The command"
    hint = usage(context) if context else ""
    if isinstance(error, click.NoSuchOption):
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        guess = did_you_mean(error.option_name, [name for name in known if name.startswith("-")])
        return UsageProblem(f"{where} has no option {error.option_name!r}.", hint=guess or f"See {where} --help.")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return UsageProblem(f"{where} needs {_called(error.param, context)}.", hint=hint)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return UsageProblem(f"{where}: {_called(error.param, context)}: {error.message.rstrip('.')}.", hint=hint)
    return UsageProblem(f"{where}: {error.message.rstrip('.')}.", hint=hint)


def _called(parameter: click.Parameter, context: click.Context | None) -> str:
    if isinstance(parameter, click.Option):
        return "/".join(parameter.opts)
    # Click 8.2 added an argument to make_metavar.
    return (parameter.metavar or parameter.name or "").upper() if context else str(parameter.name)
