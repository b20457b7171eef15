"""What convolutions and locally connected layers share: units that see a window, with weights for what is in it."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import flag, keep_integers, optional_instance
from coreops.initializers import Initializer
from coreops.layers.patches import patch_scratch
from coreops.layers.window import extents, keep_extents, padding, slide


@dataclass(frozen=True)
class Sliding:
    """A layer whose units see a window; fields as in Conv2D. Subclasses set `rank`, the axes beside the channels."""

    in_channels: int
    out_channels: int
    size: int | tuple
    stride: int | tuple = 1
    padding: str = "valid"
    bias: bool = True
    init: Initializer | None = None
    bias_init: Initializer | None = None

    def __post_init__(self):
        name = type(self).__name__
        keep_integers(self, "in_channels", "out_channels")
        for field in ("size", "stride"):
            keep_extents(self, field, self.rank)
        padding(name, self.padding, self.extents("size"))
        flag(f"{name} bias", self.bias)
        for field in ("init", "bias_init"):
            wanted = "an initializer such as HeNormal(), or None"
            optional_instance(f"{name} {field}", getattr(self, field), Initializer, wanted)

    def extents(self, field):
        return extents(field, getattr(self, field), self.rank)

    def window(self, plan, x):
        window = slide(plan, x, self.extents("size"), self.extents("stride"), self.padding)
        if window.channels != self.in_channels:
            wanted = "as many output channels as the next layer has input channels"
            raise plan.misfit(f"{window.channels} channels into {self.in_channels}", wanted)
        return window

    def add(self, plan, x, kind, window, shape, places):
        """The operation, with weights of `shape` before the window's own axes and a bias for each of `places`."""
        fans = window.size * self.in_channels, window.size * self.out_channels
        weights = (*shape, *self.extents("size"), self.in_channels, self.out_channels)
        w = plan.weight("weight", weights, *fans, self.init)
        b = plan.bias("bias", places * self.out_channels, self.bias_init, fans[0]) if self.bias else None
        y = plan.value(*window.output(self.rank, self.out_channels))
        # Locally connected layers read patches one by one; runs of a single channel are shorter than rows of places.
        by_columns = kind == records.CONVOLUTION and window.channels == 1 and window.stride_x == 1
        circular = self.padding == "circular" and window.pad_y + window.pad_x > 0  # without a frame nothing wraps round
        dims = (*window, circular, by_columns)
        plan.add(kind, x=x, y=y, w=w, b=b, n_in=x.width, n_out=y.width, dims=dims, **patch_scratch(window))
        return y
