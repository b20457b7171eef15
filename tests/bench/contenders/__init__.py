"""The contenders: one file each, run as a process of its own environment: python -m contenders.NAME."""
