"""Layers as lectures print them, errors included: for showing an erratum by running it, not for training."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import instance
from coreops.layers.dense import Dense
from coreops.layers.dropout import TEST, Dropout, check_drop


@dataclass(frozen=True)
class SlideDropout:
    """ERRATUM E42: as printed in deck 004; do not use.   f = W (m x) + b in training, (1 - q) (W x + b) in evaluation.

    The bias is scaled with the rest, although it was never dropped: the mean of f is off by q b. layer: a Dense; rate:
    q in [0, 1). Right: Dropout(rate, scaling="test") and then the layer, (1 - q) W x + b (Srivastava, Hinton,
    Krizhevsky, Sutskever & Salakhutdinov 2014, section 4).
    """

    layer: Dense
    rate: float = 0.5

    def __post_init__(self):
        instance("SlideDropout layer", self.layer, Dense, "a Dense, such as Dense(64, 32)")
        check_drop("SlideDropout", self.rate, "none")

    @property
    def n_in(self):
        return self.layer.n_in

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        f = self.layer.build(plan, Dropout(self.rate, "none").build(plan, x))
        y, dims = plan.value(*f.shape), (0, TEST)  # drops none, scales in evaluation
        plan.add(records.DROPOUT, x=f, y=y, n_in=f.width, n_out=f.width, rate=self.rate, dims=dims, sort="scaling")
        return y
