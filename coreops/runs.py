"""A run: everything that decides one training, checked, and encoded as one record of a table."""

import functools
from dataclasses import dataclass, field

import numpy as np

from coreops import records
from coreops.adversaries import Adversary
from coreops.checks import (
    cast,
    choice,
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
        choice("EarlyStopping monitor", self.monitor, MONITORS, " or ".join(MONITORS))


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

    @functools.cached_property
    def fields(self):
        """{name: plain number}: what the record holds, from which reading one number takes 0.5 us."""
        return dict(zip(records.ROW.names, self.record.item(), strict=True))

    @functools.cached_property
    def shapes(self):
        """Shapes of what the row returns, known before it starts: (theta and stats, curves, step_loss, step_theta)."""
        r = self.fields
        epochs, p, steps = r["epochs"], r["n_theta"], r["epochs"] * self.batches
        losses = -(-steps // r["record_loss_every"]) if r["record_loss_every"] else 0
        thetas = steps // r["record_theta_every"] + 1 if r["record_theta_every"] else 0
        return (p + r["n_stats"],), (epochs, records.COLUMNS), (losses,), (thetas, p)

    @functools.cached_property
    def batches(self):
        size = self.fields["batch_size"]
        return self.order_size // size if self.fields["drop_last"] else -(-self.order_size // size)

    @property
    def state_size(self):
        """Elements of the optimizer's state and of what the extra passes keep."""
        r = self.fields
        inputs = r["batch_size"] * r["n_in"]
        if r["jacobian"]:
            return r["n_state"] + r["grad"] + inputs + r["batch_size"] * int(self.ops[-1]["n_in"])
        return r["n_state"] + (inputs if r["attack_steps"] else 0)

    @property
    def cost(self):
        """Proportional to the expected time: what the longest-first order sorts by."""
        r = self.fields
        passes = 1.0 + r["attack_steps"] + (2.3 * r["n_in"] if r["jacobian"] else 0.0)
        return passes * r["epochs"] * (self.batches * 500.0 + len(self.train) * r["n_theta"])


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
    batch_size = len(train) if run.batch_size is None else int(run.batch_size)
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
    run.optimizer.check(network)
    record = np.array([tuple(_fields(run, layout, batch_size).values())], records.ROW)
    order_size = len(train)
    if run.sampling.full_batches and not run.drop_last:
        order_size = -(-len(train) // batch_size) * batch_size
    theta0 = _start("theta0", run.theta0, network.n_parameters, network.dtype)
    stats0 = _start("stats0", run.stats0, network.n_statistics, network.dtype)
    if stats0 is not None:
        network.check_variances("stats0", stats0)
    return Row(
        network, record, ops, arena_size, x.reshape(-1), y.reshape(-1), weights, train, held_out, groups, order_size,
        theta0, stats0,
    )  # fmt: skip


def _fields(run, layout, batch_size):
    """{name: value} of the row's record, in the order of `records.ROW`: assigned one by one, each takes 1 us."""
    rule, schedule, sampling, stop = run.optimizer, run.schedule, run.sampling, run.early_stopping
    fields = dict.fromkeys(records.ROW.names, 0) | layout
    fields |= dict(
        seed=run.seed, mode=TRAINING & ~ADAPTING if run.frozen else TRAINING,
        optimizer=rule.kind, n_state=rule.state_size(layout["grad"], run.network),
        lr=rule.lr, beta1=rule.beta1, beta2=rule.beta2, eps=rule.eps, eps_inside=rule.eps_inside,
        correct_bias=rule.correct_bias, weight_decay=rule.weight_decay,
        start=rule.start, penalty=run.penalty.kind, l1=run.penalty.l1, l2=run.penalty.l2, jacobian=run.penalty.jacobian,
        jacobian_step=np.cbrt(np.finfo(run.network.dtype).eps), target_noise=run.target_noise,
        gradient_tolerance=run.gradient_tolerance, schedule=schedule.kind, schedule_rate=schedule.rate,
        schedule_every=schedule.every, warmup=schedule.warmup, sampling=sampling.kind, sampling_rate=sampling.rate,
        sampling_every=sampling.every, batch_size=batch_size, drop_last=run.drop_last, epochs=run.epochs,
        evaluate_every=run.evaluate_every, record_loss_every=run.record_loss_every,
        record_theta_every=run.record_theta_every,
    )  # fmt: skip
    if run.adversary is not None:
        run.adversary.encode(fields)
    if stop is not None:
        fields |= dict(patience=stop.patience, min_delta=stop.min_delta, monitor=records.CURVES.index(stop.monitor))
    return fields


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
