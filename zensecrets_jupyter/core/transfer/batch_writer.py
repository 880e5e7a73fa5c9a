"""Writer of many secrets to one secrets manager, with several threads if possible."""

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

ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Function that gets the number of processed secrets, written or not, and the total number."""

_RETRY_HINT = "Copy again to continue: secrets in the target are compared first."


def write_all(
    target: SecretsManager,
    records: Mapping[str, SecretRecord],
    replaced_names: Collection[str],
    on_progress: ProgressCallback | None,
    *,
    already_copied_count: int,
) -> dict[str, str]:
    """Write the records and return the outcome of each.

    Args:
        target: The secrets manager to write to.
        records: The records by name.
        replaced_names: The names of those records that replace an existing secret.
        on_progress: Called after each secret.
        already_copied_count: The number of secrets of the copy that the target already has; they count as processed.

    Returns:
        For each name the reason why the secret could not be written, or an empty text.

    Raises:
        ZenSecretsError: If the target fails; the error states the progress.
        InterruptedWork: On Ctrl-C; the error states the progress.
    """
    writer = _BatchWriter(target, records, replaced_names, on_progress, already_copied_count)
    problem: BaseException
    try:
        writer.run()
    except ZenSecretsError as error:
        error.message = f"{error.message.rstrip('.')}. {writer.progress}"
        error.hint = f"{_RETRY_HINT} {error.hint}".rstrip()
        problem = error
    except KeyboardInterrupt:
        problem = InterruptedWork(f"Interrupted: {writer.progress} {_RETRY_HINT}")
    else:
        return writer.outcomes
    # Raised outside of the ``except`` block, so that the error does not refer to the KeyboardInterrupt as its context.
    raise problem


class _BatchWriter:
    """Writes records and counts those that are complete in the target."""

    def __init__(
        self,
        target: SecretsManager,
        records: Mapping[str, SecretRecord],
        replaced_names: Collection[str],
        on_progress: ProgressCallback | None,
        already_copied_count: int,
    ) -> None:
        self._target = target
        self._records = records
        self._replaced_names = replaced_names
        self._on_progress = on_progress
        self._already_copied_count = already_copied_count
        self.outcomes: dict[str, str] = {}

    @property
    def progress(self) -> str:
        """The progress as a sentence."""
        # The list is a copy, because other threads may still add outcomes.
        completed_count = self._already_copied_count + sum(not reason for reason in list(self.outcomes.values()))
        total_count = self._already_copied_count + len(self._records)
        return f"{completed_count} of {total_count} secrets are in {self._target.name!r}, each of them complete."

    def run(self) -> None:
        """Write all records; stop at the first error of the target.

        A secret that the target does not accept is no such error: the reason becomes its outcome.
        """
        names = list(self._records)
        if not names:
            return
        # The first secret is written in the calling thread, before the others, for two reasons: a passphrase prompt has to appear in this
        # thread, and an error that concerns all secrets is raised only once.
        self._write_and_record(names[0])
        self._report()
        # The secrets manager has no limit of its own for concurrent writes, so its limit for reads is used.
        worker_count = min(self._target.parallel_reads, len(names) - 1)
        if worker_count > 1:
            self._run_in_pool(names[1:], worker_count)
            return
        for name in names[1:]:
            self._write_and_record(name)
            self._report()

    def _run_in_pool(self, names: list[str], worker_count: int) -> None:
        pool = ThreadPoolExecutor(worker_count, thread_name_prefix="zensecrets-copy")
        try:
            for future in as_completed([pool.submit(self._write_and_record, name) for name in names]):
                future.result()
                self._report()
        finally:
            # After a failure or Ctrl-C, the writes that run still end and are counted, and the others are cancelled.
            pool.shutdown(cancel_futures=True)

    def _report(self) -> None:
        """Report the progress to ``on_progress``."""
        if self._on_progress is not None:
            self._on_progress(self._already_copied_count + len(self.outcomes), self._already_copied_count + len(self._records))

    def _write_and_record(self, name: str) -> None:
        self.outcomes[name] = self._write(name)

    def _write(self, name: str) -> str:
        """Write one secret; return the reason why it could not be written, or an empty text."""
        record = self._records[name]
        try:
            if name in self._replaced_names:
                self._target.replace_record(name, record)
            else:
                self._target.register_record(name, record)
        except (SecretExistsError, SecretNotFoundError):
            pass
        except (InvalidSecretError, UnsupportedOperationError) as error:
            return error.message
        else:
            return ""
        # Another writer registered or deleted the secret after the comparison, or the target can't list its secrets and had
        # this one before. If the record in the target is the same now, nothing has to be written.
        can_read = Capability.READ in self._target.capabilities
        if can_read and self._target.get_records([name])[name] == record:
            return ""
        return "another writer changed it in the target at the same time; it was not overwritten"
