"""What all layers share."""

from coreops.checks import wrong


def layer_specs(name, layers):
    """The layers as a tuple, after a check that each is a spec such as Dense(64, 32)."""
    for layer in layers:
        if hasattr(layer, "targets"):
            raise wrong("loss", f"{layer!r} among the {name}", "it as the argument loss=", TypeError)
        if isinstance(layer, type) or not hasattr(layer, "build"):
            raise wrong(name, layer, "layer specs such as Dense(64, 32) or ReLU()", TypeError)
    return tuple(layers)
