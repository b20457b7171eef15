"""A run: everything that decides one training, checked, and encoded as one record of a table."""

import functools
from dataclasses import dataclass, field

import numpy as np

from coreops import records
from coreops.adversaries import Adversary
from coreops.checks import (
    cast,
    finite_number,
    flag,
    instance,
    integer,
    optional_instance,
    positive_integer,
    real_array,
    wrong,
)
from coreops.data import Data, classes, index_array, position_weights
from coreops.losses import OUTPUTS
from coreops.network import Network
from coreops.optimizers import Optimizer
from coreops.penalties import NoPenalty, Penalty
from coreops.sampling import Reshuffle, Sampling
from coreops.schedules import ConstantRate, Schedule

EVALUATION_CHUNK = 128  # examples per forward pass of an evaluation, when the batch is smaller
TRAINING = records.TRAIN | records.SAMPLE | records.BATCH_STATISTICS | records.UPDATE_STATISTICS
ADAPTING = records.BATCH_STATISTICS | records.UPDATE_STATISTICS
MONITORS = ("validation_loss", "validation_error")


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when `monitor` has not fallen by more than min_delta for `patience` evaluations; keep the best weights.

    patience: positive integer, where 1 stops at the first evaluation that is no better; monitor: "validation_loss"
    (default) or "validation_error"; min_delta >= 0.   Prechelt 1998, "Early stopping - but when?".
    """

    patience: int
    monitor: str = "validation_loss"
    min_delta: float = 0.0

    def __post_init__(self):
        positive_integer("EarlyStopping patience", self.patience)
        finite_number("EarlyStopping min_delta", self.min_delta, 0)
        if self.monitor not in MONITORS:
            raise wrong("EarlyStopping monitor", self.monitor, " or ".join(MONITORS))


@dataclass(frozen=True, eq=False)
class Run:
    """One row of a table.

    network: Network; optimizer: e.g. Adam(lr=1e-3); batch_size: integer in [1, n], None = full batch; epochs >= 0;
    seed: integer in [0, 2^64) that keys the initial weights and the batch order; schedule, default ConstantRate();
    sampling, default Reshuffle(); drop_last: leave out a last short batch; train, validation: index arrays into the
    data (default: all examples, none); y: own targets instead of the table's; data: own Data instead of the table's;
    evaluate_every: epochs between evaluations over the whole sets, 0 = never (the last epoch is evaluated unless 0);
    record_loss_every, record_theta_every: steps between records, 0 = none; early_stopping: EarlyStopping or None;
    gradient_tolerance: stop after a step whose gradient, penalty included, has a norm ||g||_2 up to this, 0 = never;
    theta0, stats0: initial parameters and statistics instead of drawn ones; weights: (n,) factors >= 0 of the losses of
    all examples of the data, in training; penalty: e.g. L2(1e-4), L1, ElasticNet, MaxNorm, JacobianPenalty; adversary:
    FGSM or PGD, which move every batch before its step; target_noise: standard deviation of fresh normal noise on real
    targets; frozen: normalise with the running statistics, which stay as they are, in training too. Batch losses are
    those that the steps saw, with weights, adversary and noise; evaluations are plain; neither has the penalty.
    Raises ValueError or TypeError naming the argument, what it got and what it wanted.
    """

    network: Network
    optimizer: Optimizer = field(kw_only=True)
    batch_size: int | None = field(kw_only=True, default=None)
    epochs: int = field(kw_only=True)
    seed: int = field(kw_only=True, default=0)
    schedule: Schedule = field(kw_only=True, default=ConstantRate())
    sampling: Sampling = field(kw_only=True, default=Reshuffle())
    drop_last: bool = field(kw_only=True, default=False)
    train: np.ndarray | None = field(kw_only=True, default=None)
    validation: np.ndarray | None = field(kw_only=True, default=None)
    y: np.ndarray | None = field(kw_only=True, default=None)
    data: Data | None = field(kw_only=True, default=None)
    evaluate_every: int = field(kw_only=True, default=1)
    record_loss_every: int = field(kw_only=True, default=0)
    record_theta_every: int = field(kw_only=True, default=0)
    early_stopping: EarlyStopping | None = field(kw_only=True, default=None)
    gradient_tolerance: float = field(kw_only=True, default=0.0)
    theta0: np.ndarray | None = field(kw_only=True, default=None)
    stats0: np.ndarray | None = field(kw_only=True, default=None)
    weights: np.ndarray | None = field(kw_only=True, default=None)
    penalty: Penalty = field(kw_only=True, default=NoPenalty())
    adversary: Adversary | None = field(kw_only=True, default=None)
    target_noise: float = field(kw_only=True, default=0.0)
    frozen: bool = field(kw_only=True, default=False)

    def __post_init__(self):
        instance("network", self.network, Network, "a Network")
        instance("optimizer", self.optimizer, Optimizer, "an optimizer such as Adam(lr=1e-3)")
        instance("schedule", self.schedule, Schedule, "a schedule such as ConstantRate()")
        instance("sampling", self.sampling, Sampling, "a sampler such as Reshuffle()")
        instance("penalty", self.penalty, Penalty, "a penalty such as L2(1e-4)")
        optional_instance("adversary", self.adversary, Adversary, "FGSM(radius), PGD(radius) or None")
        if finite_number("target_noise", self.target_noise, 0) and self.network.loss.targets != OUTPUTS:
            raise wrong("target_noise", self.target_noise, f"0: the targets of {self.network.loss} are no real numbers")
        finite_number("gradient_tolerance", self.gradient_tolerance, 0)
        flag("frozen", self.frozen)
        if self.penalty.jacobian and self.network.plan.positions and not self.frozen:
            wanted = "a network without batch norm, or frozen=True: outputs must not depend on other examples' inputs"
            raise wrong("penalty", self.penalty, wanted)
        integer("epochs", self.epochs, 0)
        self.sampling.check_epochs(self.epochs)
        integer("seed", self.seed, 0, 2**64 - 1)
        flag("drop_last", self.drop_last)
        for name in ("evaluate_every", "record_loss_every", "record_theta_every"):
            integer(name, getattr(self, name), 0)
        if self.batch_size is not None:
            positive_integer("batch_size", self.batch_size)
        if self.data is not None:
            instance("data", self.data, Data, "a Data(X, y)")
        if self.early_stopping is not None:
            instance("early_stopping", self.early_stopping, EarlyStopping, "an EarlyStopping(patience)")
            if self.validation is None:
                raise wrong("early_stopping", self.early_stopping, "validation data to watch")
            if self.evaluate_every == 0:
                raise wrong("evaluate_every", 0, "at least 1 with early stopping")
            if self.early_stopping.monitor == "validation_error" and not self.network.loss.classifier:
                wanted = f"'validation_loss': {self.network.loss} counts no errors"
                raise wrong("early_stopping monitor", "'validation_error'", wanted)


@dataclass(frozen=True)
class Row:
    """A run as train_row takes it. `record` is an array of one ROW."""

    network: Network
    record: np.ndarray
    ops: np.ndarray
    arena_size: int
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    train: np.ndarray
    held_out: np.ndarray
    groups: np.ndarray
    order_size: int
    theta0: np.ndarray | None
    stats0: np.ndarray | None

    @property
    def shapes(self):
        """Shapes of what the row returns, known before it starts: (theta and stats, curves, step_loss, step_theta)."""
        r = self.record[0]
        steps = int(r["epochs"]) * self.batches
        losses = -(-steps // int(r["record_loss_every"])) if r["record_loss_every"] else 0
        thetas = steps // int(r["record_theta_every"]) + 1 if r["record_theta_every"] else 0
        p = int(r["n_theta"])
        return (p + int(r["n_stats"]),), (int(r["epochs"]), len(records.CURVES)), (losses,), (thetas, p)

    @property
    def batches(self):
        size = int(self.record[0]["batch_size"])
        return self.order_size // size if self.record[0]["drop_last"] else -(-self.order_size // size)

    @property
    def state_size(self):
        """Elements of the optimizer's state and of what the extra passes keep."""
        r, output = self.record[0], int(self.ops[-1]["n_in"])
        inputs = int(r["batch_size"]) * int(r["n_in"])
        if r["jacobian"]:
            return int(r["n_state"] + r["grad"]) + inputs + int(r["batch_size"]) * output
        return int(r["n_state"]) + (inputs if r["attack_steps"] else 0)

    @property
    def cost(self):
        """Proportional to the expected time: what the longest-first order sorts by."""
        r = self.record[0]
        passes = 1.0 + float(r["attack_steps"]) + (2.3 * float(r["n_in"]) if r["jacobian"] else 0.0)
        return passes * float(r["epochs"]) * (self.batches * 500.0 + len(self.train) * float(r["n_theta"]))


def encode(run: Run, data: Data, room=None) -> Row:
    """Check the run against its data and lay it out.

    room: elements that the arena should not exceed, if evaluating fewer examples at a time can avoid it.
    """
    network, data = run.network, run.data or data
    x = data.inputs(network)
    n = len(x)
    y = data.targets(network) if run.y is None else network.encode_targets(run.y, n)
    train = data.numbers(n) if run.train is None else index_array("train", run.train, n)
    held_out = data.numbers(0) if run.validation is None else index_array("validation", run.validation, n)
    batch_size = len(train) if run.batch_size is None else run.batch_size
    if batch_size > len(train):
        raise wrong("batch_size", batch_size, f"an integer in [1, {len(train)}], the number of training examples")
    _check_batch_norm(run, batch_size, len(train))
    targets = y[train]
    groups, sampler_weights = run.sampling.prepare(*classes(network, targets), targets, batch_size)
    weights = position_weights(run.weights, sampler_weights, train, n, network.dtype)
    lay_out = functools.partial(
        network.lay_out, weighted=weights.size > 0, overwrite=True, input_gradient=run.adversary is not None
    )
    chunk = min(EVALUATION_CHUNK, max(len(train), len(held_out))) if run.evaluate_every else 0
    ops, layout, arena_size = lay_out(_capacity(lay_out, batch_size, chunk, room))
    record = np.zeros(1, records.ROW)
    row, rule, stop = record[0], run.optimizer, run.early_stopping
    for name, value in layout.items():
        row[name] = value
    rule.check(network)
    row["seed"], row["mode"] = run.seed, TRAINING & ~ADAPTING if run.frozen else TRAINING
    row["optimizer"], row["n_state"], row["lr"] = rule.kind, rule.state_size(layout["grad"]), rule.lr
    row["beta1"], row["beta2"], row["eps"], row["eps_inside"] = (
        rule.beta1,
        rule.beta2,
        rule.eps,
        rule.eps_inside,
    )
    row["correct_bias"], row["weight_decay"], row["start"] = rule.correct_bias, rule.weight_decay, rule.start
    row["penalty"], row["l1"], row["l2"] = run.penalty.kind, run.penalty.l1, run.penalty.l2
    row["jacobian"], row["jacobian_step"] = run.penalty.jacobian, np.cbrt(np.finfo(network.dtype).eps)
    row["target_noise"], row["gradient_tolerance"] = run.target_noise, run.gradient_tolerance
    if run.adversary is not None:
        run.adversary.encode(row)
    row["schedule"], row["schedule_rate"] = run.schedule.kind, run.schedule.rate
    row["schedule_every"], row["sampling"] = run.schedule.every, run.sampling.kind
    row["sampling_rate"], row["sampling_every"] = run.sampling.rate, run.sampling.every
    row["warmup"] = run.schedule.warmup
    row["batch_size"], row["drop_last"], row["epochs"] = batch_size, run.drop_last, run.epochs
    row["evaluate_every"], row["record_loss_every"] = run.evaluate_every, run.record_loss_every
    row["record_theta_every"] = run.record_theta_every
    if stop is not None:
        row["patience"], row["min_delta"] = stop.patience, stop.min_delta
        row["monitor"] = records.CURVES.index(stop.monitor)
    order_size = len(train)
    if run.sampling.full_batches and not run.drop_last:
        order_size = -(-len(train) // batch_size) * batch_size
    theta0 = _start("theta0", run.theta0, network.n_parameters, network.dtype)
    stats0 = _start("stats0", run.stats0, network.n_statistics, network.dtype)
    return Row(
        network, record, ops, arena_size, x.reshape(-1), y.reshape(-1), weights, train, held_out, groups, order_size,
        theta0, stats0,
    )  # fmt: skip


def _capacity(lay_out, batch_size, chunk, room):
    """Examples per pass: a batch, or an evaluation's chunk, halved until the arena keeps to `room` if it can."""
    if room is not None and lay_out(batch_size)[2] <= room:
        while chunk > batch_size and lay_out(chunk)[2] > room:
            chunk //= 2
    return max(batch_size, chunk)


def _check_batch_norm(run, batch_size, n):
    """A batch must hold at least two values per channel, or its variance is 0 and every output the shift."""
    short = 0 if run.drop_last or run.sampling.full_batches else n % batch_size
    for name, positions in run.network.plan.positions.items():
        for m, which in ((batch_size, "a batch"), (short, "a last short batch")):
            if m * positions == 1 and not run.frozen:
                wanted = "at least 2: another batch_size, drop_last=True, frozen=True, LayerNorm or GroupNorm"
                raise wrong(f"batch_size with {name}", f"{which} of 1 example", wanted)


def _start(name, values, size, dtype):
    if values is None:
        return None
    values = real_array(name, values)
    if values.shape != (size,):
        raise wrong(name, f"shape {values.shape}", f"shape ({size},)")
    return cast(name, values, dtype)
