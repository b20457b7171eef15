"""PyTorch eager, one thread: Adam fused and foreach, images in either memory format; the fastest one counts."""

import itertools
import math

import numpy as np
import torch

from .worker import fastest, serve

FORMATS = {"": torch.contiguous_format, ", channels last": torch.channels_last}


class TorchEager:
    def __init__(self):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # as JAX and coreops do

    def facts(self):
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def prepare(self, task, arrays):
        self.task, self.arrays = task, arrays
        sizes, channels, batch = task["sizes"], task["channels"], task["batch"]
        layers = []
        for a, b in itertools.pairwise((1, *channels)) if channels else ():
            layers += [torch.nn.Conv2d(a, b, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        layers += [torch.nn.Flatten()] if channels else []
        for k, (a, b) in enumerate(itertools.pairwise(sizes)):
            layers += [torch.nn.Linear(a, b)] + ([torch.nn.ReLU()] if k < len(sizes) - 2 else [])
        self.net, self.criterion = torch.nn.Sequential(*layers), torch.nn.CrossEntropyLoss()
        self.weighted = [layer for layer in layers if hasattr(layer, "weight")]
        X, y = torch.from_numpy(arrays["X"]), torch.from_numpy(arrays["y"])
        if channels:
            side = math.isqrt(X.shape[1])
            X = X.reshape(-1, 1, side, side)
        self.plain = list(zip(X.split(batch), y.split(batch), strict=True))
        self.epochs = max(1, min(task["epochs"], 200 // len(self.plain)))
        formats = FORMATS if channels else [""]
        variants = {rule + name: (rule, name) for rule in ("fused", "foreach") for name in formats}
        chosen = fastest(variants, self._try)
        self._choose(variants[chosen])
        self.epochs = task["epochs"]
        return {"compile_s": None, "variant": chosen, "steps": len(self.plain) * self.epochs}

    def _choose(self, variant):
        self.rule, name = variant
        self.net.to(memory_format=FORMATS[name])
        self.batches = [(x.contiguous(memory_format=FORMATS[name]) if x.ndim == 4 else x, y) for x, y in self.plain]

    def _try(self, variant):
        self._choose(variant)
        self.reset()
        self.run()

    def reset(self):
        with torch.no_grad():
            for k, layer in enumerate(self.weighted):
                layer.weight.copy_(torch.from_numpy(self._turned(k, self.arrays[f"W{k}"])))
                layer.bias.copy_(torch.from_numpy(self.arrays[f"b{k}"]))
        task = self.task
        self.optimizer = torch.optim.Adam(
            self.net.parameters(),
            lr=task["lr"],
            betas=(task["beta1"], task["beta2"]),
            eps=task["eps"],
            **{self.rule: True},
        )

    def _order(self, k, n):
        """Which of our n inputs torch's are: channels first where an image was put in a row."""
        channels = self.task["channels"]
        c = channels[-1] if channels and k == len(channels) else 1
        return np.arange(n).reshape(-1, c).T.reshape(-1)

    def _turned(self, k, W):
        """W in torch's order of axes, outputs first."""
        return W.transpose(3, 2, 0, 1) if W.ndim == 4 else W[self._order(k, len(W))].T

    def _turned_back(self, k, W):
        if W.ndim == 4:
            return W.transpose(2, 3, 1, 0).copy()
        ours = np.empty(W.T.shape, W.dtype)
        ours[self._order(k, len(ours))] = W.T
        return ours

    def run(self):
        net, criterion, optimizer = self.net, self.criterion, self.optimizer
        for _ in range(self.epochs):
            for x, y in self.batches:
                optimizer.zero_grad(set_to_none=True)
                criterion(net(x), y).backward()
                optimizer.step()

    def parameters(self):
        arrays = {}
        for k, layer in enumerate(self.weighted):
            arrays[f"W{k}"] = self._turned_back(k, layer.weight.detach().numpy())
            arrays[f"b{k}"] = layer.bias.detach().numpy().copy()
        return arrays


if __name__ == "__main__":
    serve(TorchEager())
