"""Samplers: which positions of the training set make up the batches of an epoch."""

from coreops.sampling.base import Sampling
from coreops.sampling.grouped import ClassBalanced, Curriculum, ImportanceSampling, Stratified
from coreops.sampling.plain import Cyclic, Reshuffle, ShuffleOnce, SortedCyclic, Stream, WithReplacement

__all__ = [
    "ClassBalanced",
    "Curriculum",
    "Cyclic",
    "ImportanceSampling",
    "Reshuffle",
    "Sampling",
    "ShuffleOnce",
    "SortedCyclic",
    "Stratified",
    "Stream",
    "WithReplacement",
]
