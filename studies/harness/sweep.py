"""`fit_many` as a study sees it: bound to the journal, the threads, the target and the progress display."""

from contextlib import suppress
from pathlib import Path

from studies.harness.provenance import cores


class Sweep:
    """Called as ``sweep(rows, X=None, y=None)``; returns coreops' table with the same rows.

    Finished rows go to the journal, so that a killed run goes on where it was; `record` keeps a table
    (tuning) for the report. `threads`: by default the cores that this process may use.
    """

    def __init__(self, *, target="cpu", threads=None, journal=None, progress=None):
        self.target, self.threads = target, threads or cores()
        self.journal, self.progress = journal, progress
        self.tables = {}
        self.rows = 0

    def __call__(self, rows, X=None, y=None):
        from coreops import fit_many

        rows = list(rows)
        if self.journal is not None:
            Path(self.journal).parent.mkdir(parents=True, exist_ok=True)
        table = fit_many(
            rows,
            X,
            y,
            target=self.target,
            threads=self.threads if self.target == "cpu" else None,  # of a block: they follow from a row's shapes
            journal=None if self.journal is None else str(self.journal),
            progress=self.progress,
        )
        self.rows += len(rows)
        return table

    def record(self, name, frame):
        """Keeps a DataFrame under `name` for the report's appendix."""
        self.tables[name] = frame.to_dict("records")

    def forget(self):
        """Removes the journal, once everything in it is in the cache."""
        for suffix in ("", "-wal", "-shm", "-journal") if self.journal is not None else ():
            with suppress(OSError):
                Path(f"{self.journal}{suffix}").unlink(missing_ok=True)
