"""What a person can measure on a network: gradients checked, signals layer by layer, curvature, symmetries, attacks."""

from coreops.diagnostics.adversarial import adversarial_examples
from coreops.diagnostics.curvature import (
    effective_degrees_of_freedom,
    hessian,
    hessian_spectrum,
    loss_along,
)
from coreops.diagnostics.gradients import gradient_check
from coreops.diagnostics.paths import PathNorm, path_norm
from coreops.diagnostics.signals import LayerStatistics, layer_outputs, layer_statistics
from coreops.diagnostics.symmetries import permute_units, rescale_units

__all__ = [
    "LayerStatistics",
    "PathNorm",
    "adversarial_examples",
    "effective_degrees_of_freedom",
    "gradient_check",
    "hessian",
    "hessian_spectrum",
    "layer_outputs",
    "layer_statistics",
    "loss_along",
    "path_norm",
    "permute_units",
    "rescale_units",
]
