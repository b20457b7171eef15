"""A sweep over architectures: a table of rows, nothing to compile."""

from . import coreops_fit
from .coreops_fit import coreops
from .worker import serve


class CoreopsArchitectures(coreops_fit.CoreopsFit):
    def prepare(self, task, arrays):
        self.task, self.X, self.y = task, arrays["X"], arrays["y"]
        return {"compile_s": None, "variant": "fit_many"}

    def run(self, architectures):
        rule, common = coreops_fit.optimizer(self.task, self.task["lr"]), coreops_fit.settings(self.task)
        rows = [coreops.Run(coreops_fit.network(sizes), optimizer=rule, **common) for sizes in architectures]
        coreops.fit_many(rows, self.X, self.y, threads=self.task["threads"])


if __name__ == "__main__":
    serve(CoreopsArchitectures())
