"""Many secrets written into one manager, several at a time where that is worth a thread; each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeAlias

from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    SecretExistsError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import InterruptedWork
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager

Tell: TypeAlias = Callable[[int, int], None]
"""Is told how many secrets are done, of how many."""
_AGAIN = "Copying again looks at what is there, and goes on from there."


def write_all(
    target: SecretsManager, records: Mapping[str, SecretRecord], replaced: Collection[str], tell: Tell | None, *, before: int
) -> dict[str, str]:
    """Write the records, and return for each name why it could not be written; nothing where it was.

    Args:
        target: Where to.
        records: What to write, by name.
        replaced: The names under which something is that is replaced.
        tell: Is told how far it is.
        before: How many of the whole were done already.

    Raises:
        ZenSecretsError: If the target fails; it says how far it got.
        InterruptedWork: On Ctrl-C; it says the same.
    """
    writing = _Writing(target, records, replaced, tell, before)
    problem: BaseException
    try:
        writing.run()
    except ZenSecretsError as error:
        error.message = f"{error.message.rstrip('.')}. {writing.state}"
        error.hint = f"{_AGAIN} {error.hint}".rstrip()
        problem = error
    except KeyboardInterrupt:
        problem = InterruptedWork(f"Interrupted: {writing.state} {_AGAIN}")
    else:
        return writing.outcomes
    raise problem


class _Writing:
    """Writes, and knows how far it is."""

    def __init__(
        self, target: SecretsManager, records: Mapping[str, SecretRecord], replaced: Collection[str], tell: Tell | None, before: int
    ) -> None:
        self._target = target
        self._records = records
        self._replaced = replaced
        self._tell = tell
        self._before = before
        self.outcomes: dict[str, str] = {}

    @property
    def state(self) -> str:
        """How far it is, in a sentence."""
        done = self._before + sum(not why for why in list(self.outcomes.values()))
        whole = self._before + len(self._records)
        return f"{done} of {whole} secrets are in {self._target.name!r}, each of them whole."

    def run(self) -> None:
        """Write until everything is done, or something fails."""
        waiting = list(self._records)
        if not waiting:
            return
        # The first one here: where a passphrase is asked for, it is in the thread of whoever called, and what refuses all refuses once.
        self._put(waiting[0])
        self._report()
        workers = min(self._target.parallel_reads, len(waiting) - 1)
        if workers > 1:
            self._run_together(waiting[1:], workers)
            return
        for name in waiting[1:]:
            self._put(name)
            self._report()

    def _run_together(self, waiting: list[str], workers: int) -> None:
        pool = ThreadPoolExecutor(workers, thread_name_prefix="zensecrets-copy")
        try:
            for one in as_completed([pool.submit(self._put, name) for name in waiting]):
                one.result()
                self._report()
        finally:
            # After a failure, and after Ctrl-C, what is under way ends as it ends, and is counted.
            pool.shutdown(cancel_futures=True)

    def _report(self) -> None:
        if self._tell is not None:
            self._tell(self._before + len(self.outcomes), self._before + len(self._records))

    def _put(self, name: str) -> None:
        self.outcomes[name] = self._write(name)

    def _write(self, name: str) -> str:
        """Write one secret and return why it could not be done, or nothing."""
        record = self._records[name]
        try:
            if name in self._replaced:
                self._target.replace_record(name, record)
            else:
                self._target.register_record(name, record)
        except (SecretExistsError, SecretNotFoundError):
            pass
        except (InvalidSecretError, UnsupportedOperationError) as error:
            return error.message
        else:
            return ""
        # Another writer came between looking and writing, perhaps with this very secret.
        reads = Capability.READ in self._target.capabilities
        if reads and self._target.get_records([name])[name] == record:
            return ""
        return "somebody changed it in the target meanwhile; it was left as it was"
