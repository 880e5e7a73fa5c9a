"""Click groups whose commands are imported on first use, with suggestions for unknown names."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from zensecrets_jupyter.commands.framework.click_extensions import HelpfulCommand
from zensecrets_jupyter.commands.framework.help_texts import MISSING_COMMAND_HINTS
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyCommand(NamedTuple):
    """A command that is imported on first use.

    Attributes:
        module: The module that defines the command.
        name: The variable of the module that contains the command.
        summary: The line of the command in the help of its group.
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
"""Names of commands, each with the commands to suggest if a group lacks the name.

Other programs use most of the names. Some are commands of our other groups, such as ``describe``.
"""


class Group(HelpfulCommand, click.Group):
    """A group of commands, which shows its help if no command is named."""

    def __init__(
        self,
        name: str,
        *,
        lazy_commands: Mapping[str, LazyCommand] | None = None,
        zenml_texts: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the group.

        Args:
            name: The name of the group.
            lazy_commands: Commands that are imported on first use, by name.
            zenml_texts: Commands of ZenML that do nothing here, by name, each with the line to print. Help and completion omit them.
            **kwargs: Keyword arguments of :class:`click.Group`.
        """
        super().__init__(name, invoke_without_command=True, no_args_is_help=False, callback=_show_help, **kwargs)
        self.lazy_commands = dict(lazy_commands or {})
        self.zenml_texts = dict(zenml_texts or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted."""
        return sorted({*super().list_commands(ctx), *self.lazy_commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, after importing it if necessary; ``None`` if the name is unknown."""
        name = cmd_name.replace("_", "-")
        if name == "create" and name not in self.list_commands(ctx):
            # ZenML renamed `register` to `create` in 0.40.
            name = "register"
        if name not in self.commands and name in self.lazy_commands:
            lazy_command = self.lazy_commands[name]
            command: click.Command = getattr(importlib.import_module(lazy_command.module), lazy_command.name)
            self.add_command(command, name)
        if name not in self.commands and name in self.zenml_texts:
            return _TextCommand(name, text=self.zenml_texts[name])
        return super().get_command(ctx, name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names, and the remaining words.

        Raises:
            UsageProblem: If the name is unknown. The hint suggests similar names, or lists all commands.
        """
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            if name.startswith("-"):
                message = f"{ctx.command_path} has no option {name.partition('=')[0]!r}."
                raise UsageProblem(message, hint=f"See {ctx.command_path} --help.")
            command_names = self.list_commands(ctx)
            suggestions = [repr(suggestion) for suggestion in _SYNONYMS.get(name, ()) if suggestion in command_names]
            hint = f"Did you mean {' or '.join(suggestions)}?" if suggestions else did_you_mean(name.replace("_", "-"), command_names)
            hint = MISSING_COMMAND_HINTS.get(name) or hint or f"The commands are {', '.join(command_names)}."
            raise UsageProblem(f"{ctx.command_path} has no command {name!r}.", hint=hint)
        return command.name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing the commands."""
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the matching commands and options without importing the commands."""
        prefix = incomplete.replace("_", "-")
        commands = [CompletionItem(name, help=self._summary(ctx, name)) for name in self.list_commands(ctx) if name.startswith(prefix)]
        # The method of click.Group imports all commands, so the method of click.Command is called, which completes the options.
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def _summary(self, ctx: click.Context, name: str) -> str:
        """Return the line of a command in the help of this group."""
        if name in self.lazy_commands:
            return self.lazy_commands[name].summary
        command = self.get_command(ctx, name)
        return command.get_short_help_str(80) if command else ""


class _TextCommand(HelpfulCommand):
    """A command of ZenML that here only prints a line, and ignores its arguments."""

    def __init__(self, name: str, *, text: str) -> None:
        super().__init__(name, callback=lambda: Outcome(text=text), help=text)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [word for word in args if word in {"--help", "-h"}])


@click.pass_context
def _show_help(context: click.Context, /) -> Outcome | None:
    """Return the help of a group; ``None`` if the line names a command to run."""
    return Outcome(text=context.get_help()) if context.invoked_subcommand is None else None
