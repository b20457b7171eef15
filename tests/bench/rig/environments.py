"""The contenders' environments: two JAX versions cannot share one, and the project's own stays light."""

import subprocess
import sys
import venv
from pathlib import Path

PACKAGES = {
    "torch": ["torch==2.13.0", "numpy", "setuptools", "threadpoolctl"],
    "jax-0.10.2": ["jax==0.10.2", "jaxlib==0.10.2", "threadpoolctl"],
    "jax-0.4.31": ["jax==0.4.31", "jaxlib==0.4.31", "threadpoolctl"],
}


def python_of(folder):
    return Path(folder) / "bin" / "python"


def create(parent):
    """One virtual environment per peer in `parent`, installed by package name; existing ones are kept."""
    for name, packages in PACKAGES.items():
        folder = Path(parent) / name
        if python_of(folder).exists():
            continue
        venv.create(folder, with_pip=True)
        subprocess.run([python_of(folder), "-m", "pip", "install", "--quiet", *packages], check=True)


def contenders(pythons):
    """{name in the tables: (module, interpreter)}; coreops first, since the others are compared with it."""
    own = pythons.get("coreops", Path(sys.executable))
    specs = {"coreops": ("coreops_fit", own)}
    if "torch" in pythons:
        specs["torch eager"] = ("torch_eager", pythons["torch"])
        specs["torch.compile"] = ("torch_compile", pythons["torch"])
    for key, python in pythons.items():
        if key.startswith("jax"):
            specs["JAX " + key.removeprefix("jax").lstrip("-")] = ("jax_scan", python)
    specs["scikit-learn"] = ("sklearn_mlp", pythons.get("sklearn", own))
    specs["NumPy"] = ("numpy_hand", pythons.get("numpy", own))
    return specs
