"""The GPU: the training loop of the CPU, one thread block per row. Imported only when asked for."""
