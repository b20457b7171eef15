"""Where a number comes from: commit, versions, machine class. No host, user or path names."""

import os
import platform
import subprocess
import sys
from importlib import metadata

from studies.harness import paths

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "numba-cuda",
    "pandas",
    "scikit-learn",
    "matplotlib",
    "seaborn",
    "pydantic",
    "jinja2",
)
OUTPUTS = (":!reports", ":!figures", ":!README.md")  # what runs write does not make their source dirty


def git(*arguments) -> str | None:
    """Output of a git command in the working tree; None without git or repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=paths.tree(), capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def commit() -> dict:
    """{"commit", "date", "dirty"}: None where unknown."""
    if not paths.in_checkout() or git("rev-parse", "--show-toplevel") is None:
        return {"commit": None, "date": None, "dirty": None}
    head = git("rev-parse", "--verify", "HEAD")
    changes = git("status", "--porcelain", "--", ".", *OUTPUTS)
    return {
        "commit": head,
        "date": git("show", "-s", "--format=%cs", "HEAD") if head else None,
        "dirty": None if changes is None else bool(changes),
    }


def versions(names=PACKAGES) -> dict[str, str]:
    """Versions of Python and of the named distributions ("absent" where not installed)."""
    out = {"python": platform.python_version()}
    for name in names:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            out[name] = "absent"
    return out


def cpu_model() -> str:
    """The processor's model name, on x86 with family and model: virtual machines call several generations one name."""
    try:
        if sys.platform.startswith("linux"):
            with open("/proc/cpuinfo", encoding="utf-8") as file:
                return linux_cpu(file.read())
        if sys.platform == "darwin":
            query = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return platform.processor() or platform.machine()


def linux_cpu(cpuinfo) -> str:
    """What the text of /proc/cpuinfo says of the first processor."""
    fields = {}
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), " ".join(value.split()))
    name = next((fields[key] for key in ("model name", "hardware", "cpu model") if fields.get(key)), None)
    if name and fields.get("cpu family") and fields.get("model"):
        return f"{name} (family {fields['cpu family']}, model {fields['model']})"
    return name or platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(target="cpu") -> dict:
    """{"cpu", "cores", "system", "gpu"}."""
    gpu = None
    if target == "cuda":
        from numba import cuda

        name = cuda.get_current_device().name
        gpu = name.decode() if isinstance(name, bytes) else str(name)
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "gpu": gpu,
    }


def blas() -> list[str]:
    """The linear-algebra libraries that are loaded, e.g. "openblas 0.3.30 (pthreads)"."""
    from threadpoolctl import threadpool_info

    found = {
        f"{lib['internal_api']} {lib.get('version') or ''} ({lib.get('threading_layer') or 'one thread'})"
        for lib in threadpool_info()
        if lib["user_api"] == "blas"
    }
    return sorted(found)
