"""torch.compile, one thread, fullgraph: the whole step as one graph, or forward and loss; the faster counts.

The whole-step graph takes gradients with torch.func and holds Adam's update too: one guard check and one call
per step. The other variant compiles forward and loss, and steps with fused Adam.
"""

from time import perf_counter

import torch
from torch.nn.functional import cross_entropy, linear, relu

from .worker import fastest, serve


def _logits(parameters, x):
    *hidden, last = parameters
    for W, b in hidden:
        x = relu(linear(x, W, b))
    return linear(x, *last)


def _loss(parameters, x, y):
    return cross_entropy(_logits(parameters, x), y)


class TorchCompile:
    def __init__(self):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # as JAX and coreops do

    def facts(self):
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def prepare(self, task, arrays):
        torch.compiler.reset()
        self.task, self.arrays = task, arrays
        self.depth, batch = len(task["sizes"]) - 1, task["batch"]
        X, y = torch.from_numpy(arrays["X"]), torch.from_numpy(arrays["y"])
        self.batches = list(zip(X.split(batch), y.split(batch), strict=True))
        lr, beta1, beta2, eps = (task[name] for name in ("lr", "beta1", "beta2", "eps"))
        decay = torch.tensor([beta1, beta2], dtype=torch.float64)

        def step(parameters, m, v, powers, x, y):
            grads = torch.func.grad(_loss)(parameters, x, y)
            powers.mul_(decay)  # beta1^t, beta2^t
            c1, c2 = 1 - powers[0], (1 - powers[1]).sqrt()
            for pair, mp, vp, gp in zip(parameters, m, v, grads, strict=True):
                for p, mk, vk, g in zip(pair, mp, vp, gp, strict=True):
                    mk.mul_(beta1).add_(g, alpha=1 - beta1)
                    vk.mul_(beta2).addcmul_(g, g, value=1 - beta2)
                    p.sub_((lr / c1) * mk / (vk.sqrt() / c2 + eps))

        self.step = torch.compile(torch.no_grad()(step), fullgraph=True, dynamic=False)
        self.forward = torch.compile(_loss, fullgraph=True, dynamic=False)
        self.epochs, compile_s, works, reasons = 1, {}, {}, []
        for variant in ("whole step", "forward and loss"):
            start = perf_counter()
            try:
                self._try(variant)
            except Exception as error:
                reasons.append(f"{variant}: {type(error).__name__}: {str(error).splitlines()[0]}")
                continue
            works[variant], compile_s[variant] = variant, perf_counter() - start
        if not works:
            raise RuntimeError("; ".join(reasons))
        self.variant = fastest(works, self._try)
        self.epochs = task["epochs"]
        return {
            "compile_s": compile_s[self.variant],
            "variant": self.variant,
            "steps": len(self.batches) * self.epochs,
            "skipped": reasons,
        }

    def _try(self, variant):
        self.variant = variant
        self.reset()
        self.run()

    def reset(self):
        learned = self.variant != "whole step"
        self.theta = [
            tuple(
                torch.from_numpy(array.copy()).requires_grad_(learned)
                for array in (self.arrays[f"W{k}"].T, self.arrays[f"b{k}"])
            )
            for k in range(self.depth)
        ]
        self.m, self.v = ([tuple(torch.zeros_like(p) for p in pair) for pair in self.theta] for _ in "mv")
        self.powers = torch.ones(2, dtype=torch.float64)
        if learned:
            task = self.task
            self.optimizer = torch.optim.Adam(
                [p for pair in self.theta for p in pair],
                lr=task["lr"],
                betas=(task["beta1"], task["beta2"]),
                eps=task["eps"],
                fused=True,
            )

    def run(self):
        theta, m, v, powers, step, forward = self.theta, self.m, self.v, self.powers, self.step, self.forward
        if self.variant == "whole step":
            for _ in range(self.epochs):
                for x, y in self.batches:
                    step(theta, m, v, powers, x, y)
            return
        optimizer = self.optimizer
        for _ in range(self.epochs):
            for x, y in self.batches:
                optimizer.zero_grad(set_to_none=True)
                forward(theta, x, y).backward()
                optimizer.step()

    def parameters(self):
        arrays = {}
        for k, (W, b) in enumerate(self.theta):
            arrays[f"W{k}"], arrays[f"b{k}"] = W.detach().numpy().T.copy(), b.detach().numpy().copy()
        return arrays


if __name__ == "__main__":
    serve(TorchCompile())
