"""``python -m studies`` is the command ``claimlab``."""

from studies.harness.cli import main

if __name__ == "__main__":
    main()
