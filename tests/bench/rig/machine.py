"""What may be said of the machine in a committed file: its class, never its name."""

import platform

from studies.harness import provenance


def machine_class():
    return {
        "cpu": provenance.cpu_model(),
        "cores": provenance.cores(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
