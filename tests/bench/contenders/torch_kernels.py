"""torch's optimizers alone on one tensor, one thread; fused where torch has it on the CPU, else foreach."""

import torch

from .worker import serve

RULES = {
    "SGD": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "AdaGrad": (torch.optim.Adagrad, {}),
    "RMSProp": (torch.optim.RMSprop, {"alpha": 0.9}),
    "Adam": (torch.optim.Adam, {}),
}


class TorchKernels:
    def __init__(self):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # as JAX and coreops do

    def facts(self):
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def prepare(self, task, arrays):
        torch.manual_seed(0)
        grad, self.optimizers, self.variants = torch.randn(task["n"]), {}, {}
        for rule, (kind, options) in RULES.items():
            self.theta = torch.randn(task["n"], requires_grad=True)
            self.theta.grad = grad
            for variant in ("fused", "foreach"):
                try:
                    optimizer = kind([self.theta], lr=1e-3, **options, **{variant: True})
                    optimizer.step()
                except (RuntimeError, TypeError):
                    continue
                self.optimizers[rule], self.variants[rule] = optimizer, variant
                break
        return {"compile_s": None, "variant": self.variants, "steps": task["n"]}

    def reset(self):
        pass

    def run(self, rule, calls):
        optimizer = self.optimizers[rule]
        for _ in range(calls):
            optimizer.step()

    def parameters(self):
        return {"theta": self.theta.detach().numpy()}


if __name__ == "__main__":
    serve(TorchKernels())
