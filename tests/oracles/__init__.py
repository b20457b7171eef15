"""Slow, obvious NumPy: what the engine must compute, one equation per function.

Nothing here imports coreops. Specs (layers, losses, optimizers ...) are told apart by the name of their class and
read through their public fields, so that an oracle cannot inherit a mistake of the engine.
"""
