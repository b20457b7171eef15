"""Penalties on the weights, added to the loss that is minimised (never to the losses that are reported), and MaxNorm,
which bounds them.

They act on the first n_weights values of theta: biases and gains are left out.
"""

from coreops.penalties.specs import L1, L2, ElasticNet, JacobianPenalty, MaxNorm, NoPenalty, Penalty

__all__ = ["L1", "L2", "ElasticNet", "JacobianPenalty", "MaxNorm", "NoPenalty", "Penalty"]
