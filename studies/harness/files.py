"""Writing so that a file is whole or absent, and hashing so that equal content has one name."""

import glob
import hashlib
import json
import os
from pathlib import Path


def write_atomic(path, content) -> None:
    """Writes str or bytes through a temporary file beside `path`; a kill at any moment leaves old or new."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_up(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:  # a full disk says not which
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise


def _sweep_up(path):
    """Removes what killed processes left beside `path`. (On Windows asking kills.)"""
    if os.name != "posix":
        return
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        try:
            os.kill(int(left.name.split(".")[-2]), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (PermissionError, ValueError):
            continue


def canonical(value) -> str:
    """JSON with sorted keys and no spaces: one text per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(value) -> str:
    """Hex digest of bytes, of a str, or of the canonical JSON of anything else."""
    if not isinstance(value, (bytes, str)):
        value = canonical(value)
    return hashlib.sha256(value.encode("utf-8") if isinstance(value, str) else value).hexdigest()


def sources_hash(paths) -> str:
    """Digest of the files' names and contents, line ends normalised."""
    parts = [(p.name, sha256(p.read_bytes().replace(b"\r\n", b"\n"))) for p in sorted(map(Path, paths))]
    return sha256(parts)
