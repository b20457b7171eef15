"""PyTorch eager, one thread: Adam fused and foreach, the faster one of the two counts."""

import itertools

import torch

from .worker import fastest, serve


class TorchEager:
    def __init__(self):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # as JAX and coreops do

    def facts(self):
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def prepare(self, task, arrays):
        self.task, self.arrays = task, arrays
        sizes, batch = task["sizes"], task["batch"]
        layers = []
        for k, (a, b) in enumerate(itertools.pairwise(sizes)):
            layers += [torch.nn.Linear(a, b)] + ([torch.nn.ReLU()] if k < len(sizes) - 2 else [])
        self.net, self.criterion = torch.nn.Sequential(*layers), torch.nn.CrossEntropyLoss()
        self.linears = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
        X, y = torch.from_numpy(arrays["X"]), torch.from_numpy(arrays["y"])
        self.batches = list(zip(X.split(batch), y.split(batch), strict=True))
        self.epochs = max(1, min(task["epochs"], 200 // len(self.batches)))
        self.variant = fastest({"fused": "fused", "foreach": "foreach"}, self._try)
        self.epochs = task["epochs"]
        return {"compile_s": None, "variant": self.variant, "steps": len(self.batches) * self.epochs}

    def _try(self, variant):
        self.variant = variant
        self.reset()
        self.run()

    def reset(self):
        with torch.no_grad():
            for k, layer in enumerate(self.linears):
                layer.weight.copy_(torch.from_numpy(self.arrays[f"W{k}"].T))
                layer.bias.copy_(torch.from_numpy(self.arrays[f"b{k}"]))
        task = self.task
        self.optimizer = torch.optim.Adam(
            self.net.parameters(),
            lr=task["lr"],
            betas=(task["beta1"], task["beta2"]),
            eps=task["eps"],
            **{self.variant: True},
        )

    def run(self):
        net, criterion, optimizer = self.net, self.criterion, self.optimizer
        for _ in range(self.epochs):
            for x, y in self.batches:
                optimizer.zero_grad(set_to_none=True)
                criterion(net(x), y).backward()
                optimizer.step()

    def parameters(self):
        arrays = {}
        for k, layer in enumerate(self.linears):
            arrays[f"W{k}"] = layer.weight.detach().numpy().T.copy()
            arrays[f"b{k}"] = layer.bias.detach().numpy().copy()
        return arrays


if __name__ == "__main__":
    serve(TorchEager())
