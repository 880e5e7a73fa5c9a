"""Click commands with one-line errors, and commands that take free options, which no command declares.

In the names of options, ``-`` equals ``_``. Click's own errors may repeat a typed value. The errors of this module do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from zensecrets_jupyter.commands.framework import free_options
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.commands.framework.free_options import Argument, PositionedArgument
    from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret

WAIT = "--wait"
"""The option that makes a cell wait for its form.

Front ends search the line for it, so commands do not get it as a parameter.
"""

wait_option = click.option(WAIT, is_flag=True, expose_value=False, help="In a notebook, wait until the form is submitted.")
"""Add the option ``--wait`` to a command that asks for values."""

refresh_option = click.option("--refresh", is_flag=True, help="Bypass the cache, so that changes by others show at once.")
"""Add the option ``--refresh`` to a command that reads secrets; its function gets it as ``refresh``."""

yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
"""Add the option ``--yes`` to a command that asks for confirmation; its function gets it as ``yes``."""

force_option = click.option("--force", "-f", "old_force", is_flag=True, hidden=True, help="The name of --yes in ZenML 0.20.")
"""Add the hidden option ``--force``, ZenML's name of ``--yes``; the function gets it as ``old_force``."""

CONTEXT_SETTINGS: dict[str, Any] = {
    "help_option_names": ["--help", "-h"],
    "max_content_width": 100,
    # The names of options and commands are compared with "-" for "_", so `--dry_run` is `--dry-run`.
    "token_normalize_func": lambda token: token.replace("_", "-"),
}
"""The settings of the Click context of the root group. The contexts of subcommands inherit them."""


class FilePath(click.Path):
    """The type of a parameter for a file or folder, which Click does not check.

    The code that opens the file reports errors.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - Click's signature
        """Return the name unchanged.

        Click's own check raises an error if the encoding of the locale lacks a character of the name.
        """
        return value


FILE = FilePath()
"""The type of arguments and options that take a file."""


class HelpRequested(Exception):  # noqa: N818 - a request for help is no error
    """The command line requests the help or the version, so no command runs.

    The message of the exception is the text to show.
    """


def _request_help(context: click.Context, _option: click.Parameter, is_set: bool) -> None:  # noqa: FBT001 - Click's signature
    if is_set and not context.resilient_parsing:
        raise HelpRequested(context.get_help())


class HelpfulCommand(click.Command):
    """A command whose option ``--help`` raises :class:`HelpRequested` instead of printing."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the ``--help`` option, which raises HelpRequested."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _request_help
        return option


class Command(HelpfulCommand):
    """A command that takes only its declared arguments and options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            UsageProblem: If there are too many words. The error does not repeat them, because a word may be part of a value.
        """
        ctx.allow_extra_args = True
        if ctx.resilient_parsing and args and self._takes_value(ctx, args[-1]):
            # During completion, the last option may have no value yet. Click would then ignore all words of the line.
            args = args[:-1]
        remaining_words = super().parse_args(ctx, args)
        if remaining_words and not ctx.resilient_parsing:
            raise UsageProblem(f"{ctx.command_path} takes fewer words.", hint=usage_hint(ctx))
        return remaining_words

    def declared_options(self, ctx: click.Context) -> dict[str, bool]:
        """Return the names of the declared options, and whether each takes a value.

        In the names, ``-`` replaces ``_``.
        """
        return {
            name.replace("_", "-"): not (parameter.is_flag or parameter.count)
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }

    def _takes_value(self, ctx: click.Context, word: str) -> bool:
        return self.declared_options(ctx).get(word.replace("_", "-"), False)


def declared_options() -> list[str]:
    """Return the names of the running command's declared options, with ``-`` for ``_``."""
    context = click.get_current_context()
    return list(context.command.declared_options(context)) if isinstance(context.command, Command) else []


class PassThroughCommand(Command):
    """A command that passes the words after ``--`` to another program.

    Its function gets these words as ``program_words``.
    """

    def __init__(self, *args: Any, placeholder: str, **kwargs: Any) -> None:
        """Create the command; the usage line shows ``placeholder`` for the passed words."""
        super().__init__(*args, **kwargs)
        self._placeholder = placeholder

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments up to ``--``."""
        end = args.index("--") if "--" in args else len(args)
        remaining_words = super().parse_args(ctx, args[:end])
        ctx.params["program_words"] = args[end + 1 :]
        return remaining_words

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line, with the passed words last."""
        return [*super().collect_usage_pieces(ctx), f"[-- {self._placeholder}]"]


class FreeOptionsCommand(Command):
    """A command that also takes free options, which it does not declare.

    Its function gets the free options as ``arguments``.
    """

    def __init__(
        self,
        *args: Any,
        positional_count: int | None = 1,
        placeholder: str = "KEY",
        list_keys: Callable[[click.Context], Iterable[str]] | None = None,
        find_inline_secret: Callable[[click.Context, Argument], InlineSecret | None] | None = None,
        short_options: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the command.

        Args:
            *args: Arguments of :class:`click.Command`.
            positional_count: The number of positional words, as in :func:`.free_options.split`.
            placeholder: The text for the name of a free option in the usage line, such as ``KEY`` in ``[--KEY=VALUE]``.
            list_keys: Returns the names of the free options that completion offers.
            find_inline_secret: Returns the inline secret in an argument, if there is one.
            short_options: The free option for each short option, such as ``{"-v": "values"}``.
            **kwargs: Keyword arguments of :class:`click.Command`.
        """
        super().__init__(*args, **kwargs)
        self._positional_count = positional_count
        self._placeholder = placeholder
        self._list_keys = list_keys
        self._find_inline_secret = find_inline_secret
        self._short_options = dict(short_options or {})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; see :func:`.free_options.split` for the errors."""
        options = self.declared_options(ctx)
        declared_words, arguments = free_options.split(
            self._expand_short_options(args), options, positional_count=self._positional_count, lenient=ctx.resilient_parsing
        )
        remaining_words = super().parse_args(ctx, declared_words)
        ctx.params["arguments"] = arguments
        return remaining_words

    def positioned_arguments(
        self, ctx: click.Context, args: Sequence[str], *, lenient: bool = False
    ) -> tuple[list[str], list[PositionedArgument]]:
        """Return the words of declared arguments and options, and the free options with their positions."""
        return free_options.split_with_positions(
            self._expand_short_options(args), self.declared_options(ctx), positional_count=self._positional_count, lenient=lenient
        )

    def _expand_short_options(self, args: Sequence[str]) -> list[str]:
        """Return the words with short options expanded: ``-v`` to ``--values``, and ``-vTEXT`` to ``--values=TEXT``."""
        # Words after `--` are no options.
        end = args.index("--") if "--" in args else len(args)
        return [*map(self._expand_short_option, args[:end]), *args[end:]]

    def _expand_short_option(self, word: str) -> str:
        option, value = word[:2], word[2:]
        if option not in self._short_options:
            return word
        long_option = f"--{self._short_options[option]}"
        return f"{long_option}={value.removeprefix('=')}" if value else long_option

    def find_inline_secret(self, ctx: click.Context, argument: Argument) -> InlineSecret | None:
        """Return the inline secret in an argument; ``None`` if it contains none.

        A reference, a file name and a value that is not sensitive are no inline secrets.
        """
        return self._find_inline_secret(ctx, argument) if self._find_inline_secret is not None else None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line, with the free options last."""
        return [
            *super().collect_usage_pieces(ctx),
            f"[--{self._placeholder}=VALUE | --{self._placeholder}=@FILE | --{self._placeholder}]...",
        ]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions: the free options that the line lacks, then declared options."""
        declared_completions = super().shell_complete(ctx, incomplete)
        if self._list_keys is None or (incomplete and not incomplete.startswith("--")):
            return declared_completions
        used_keys = {argument.key for argument in ctx.params.get("arguments", ())}
        options = (f"--{key}=" for key in self._list_keys(ctx) if key not in used_keys)
        return [*(CompletionItem(option) for option in options if option.startswith(incomplete)), *declared_completions]


def usage_hint(context: click.Context) -> str:
    """Return the usage of the context's command as a one-line hint."""
    pieces = [piece for piece in context.command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join(["Write:", context.command_path, *pieces]) + f" (see {context.command_path} --help)."


def convert_usage_error(error: click.UsageError) -> UsageProblem:
    """Return the UsageProblem for a usage error of Click."""
    context = error.ctx
    command_name = context.command_path if context else "The command"
    hint = usage_hint(context) if context else ""
    if isinstance(error, click.NoSuchOption):
        option_names = [name for parameter in context.command.params for name in parameter.opts] if context else []
        guess = did_you_mean(error.option_name, [name for name in option_names if name.startswith("-")])
        return UsageProblem(f"{command_name} has no option {error.option_name!r}.", hint=guess or f"See {command_name} --help.")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return UsageProblem(f"{command_name} needs {_label(error.param, context)}.", hint=hint)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return UsageProblem(f"{command_name}: {_label(error.param, context)}: {error.message.rstrip('.')}.", hint=hint)
    return UsageProblem(f"{command_name}: {error.message.rstrip('.')}.", hint=hint)


def _label(parameter: click.Parameter, context: click.Context | None) -> str:
    """Return the name of a parameter for an error, such as ``--schema/-s`` or ``NAME``."""
    if isinstance(parameter, click.Option):
        return "/".join(parameter.opts)
    # The parameter's method make_metavar needs one argument more since Click 8.2, so this function does not call it.
    return (parameter.metavar or parameter.name or "").upper() if context else str(parameter.name)
