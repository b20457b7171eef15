"""Finished rows on disk: a process killed at any moment loses none of them.

One SQLite file; each row is committed under a hash of everything that decides its result, so a rerun of the same table
(or of a larger one) takes what is there and trains the rest.
"""

import errno
import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np

from coreops.checks import wrong
from coreops.kernel_cache import source_hash

DIGEST = 32  # bytes of SHA-256 before a row


class Journal:
    """A journal at `path` (made if it does not exist), or nothing at all if path is None."""

    def __init__(self, path):
        self.path, self.lock, self.digests = path, threading.Lock(), {}
        if path is None:
            return
        self.connection = None
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, check_same_thread=False, timeout=60, isolation_level=None)
            # Commits survive the death of the process; `synchronous=OFF` gives up only on power loss, for speed.
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=OFF")
            self.connection.execute("CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, result BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            if self.connection is not None:
                self.connection.close()
            raise self._unusable(error) from error

    def _unusable(self, error):
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        return wrong("journal", f"{str(self.path)!r} ({error})", "a file that is a journal or can be made")

    def _execute(self, statement, values):
        """The first row of the answer; ValueError for a file that is damaged or locked for a minute, OSError for a full
        disk.
        """
        try:
            with self.lock:
                return self.connection.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def key(self, row, target="cpu"):
        """SHA-256 of a row: its record, its plan, its data, its start, the code that will run it and where."""
        digest = hashlib.sha256(f"{source_hash(target)} {target}".encode())
        start = [np.zeros(0) if part is None else part for part in (row.theta0, row.stats0)]
        for part in (row.record, row.ops, row.train, row.held_out, row.groups, row.weights, *start):
            digest.update(str(part.shape).encode() + part.tobytes())
        digest.update(repr(row.network).encode())
        for array in (row.x, row.y):
            digest.update(self._digest(array))
        return digest.digest()

    def _digest(self, array):
        # Rows share their data: hash each memory range once. The reference keeps its address from being reused.
        place = (array.ctypes.data, array.nbytes, array.strides)
        if place not in self.digests:
            self.digests[place] = (array, hashlib.sha256(np.ascontiguousarray(array)).digest())
        return self.digests[place][1]

    def load(self, key, arrays):
        """Fill `arrays` with the stored row; False if it is not there, or not whole."""
        found = self._execute("SELECT result FROM rows WHERE key = ?", (key,))
        blob = memoryview(found[0] if found else b"")
        if len(blob) != DIGEST + sum(array.nbytes for array in arrays) or blob[:DIGEST] != _digest(blob[DIGEST:]):
            return False
        position = DIGEST
        for array in arrays:
            part = np.frombuffer(blob, array.dtype, array.size, position)
            array[...] = part.reshape(array.shape)
            position += array.nbytes
        return True

    def store(self, key, arrays):
        """Commit a finished row, with its digest: without `synchronous` a power cut may spoil pages unnoticed."""
        blob = b"".join(array.tobytes() for array in arrays)
        self._execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (key, _digest(blob) + blob))

    def close(self):
        if self.path is not None:
            self.connection.close()


def _digest(blob):
    return hashlib.sha256(blob).digest()
