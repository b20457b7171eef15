"""Saturation: what squared error and log-loss do to a sigmoid output that is confidently wrong.

Claims: l2-vs-logloss-saturation, logloss-gradient-perfect, l2-bad-with-sigmoid-output.
"""

import pandas as pd

from studies.harness import Criteria, Criterion, Field, FrozenModel
from studies.losses import _saturation_gradient, _saturation_judge, _saturation_network, _saturation_unit
from studies.losses._saturation_figure import draw as _draw

TITLE = "Saturated sigmoid outputs: squared error against log-loss"
CLAIMS = ("l2-vs-logloss-saturation", "logloss-gradient-perfect", "l2-bad-with-sigmoid-output")
VERSION = 1
CHANGES = ()
EXPECTED_SECONDS = {"quick": 6, "full": 45}


class Params(FrozenModel):
    """Times of the single unit are steps times learning rate; those of the networks are epochs."""

    seeds: int = Field(20, ge=2, description="paired seeds: split, initial weights and order of examples")
    max_doublings: int = Field(2, ge=0, le=2, description="seed doublings while a speed finding is inconclusive")
    # single unit
    start: float = Field(2.0, gt=0, description="initial weight and bias of the lecture's unit, each")
    z_max: float = Field(10.0, gt=0, description="largest initial logit; weight and bias start at half of it each")
    z_step: float = Field(0.5, gt=0, description="spacing of initial logits, from 0")
    goal: float = Field(0.1, gt=0, lt=0.5, description="prediction at which the unit counts as recovered (target 0)")
    fine_rate: float = Field(0.01, gt=0, description="learning rate of the runs judged against the flow")
    coarse_rate: float = Field(0.15, gt=0, description="learning rate of the shown runs")
    records: int = Field(4000, ge=100, description="records per run: long runs are timed to this fraction")
    horizon: float = Field(1.1, gt=1, description="length of a run over the predicted time; unrecovered runs count as it")
    path_steps: int = Field(300, ge=10, description="length of the shown trajectories, steps")
    times_tol: float = Field(0.01, gt=0, description="relative tolerance on times at the fine rate")
    coarse_tol: float = Field(0.03, gt=0, description="relative tolerance on times at the coarse rate, about one step")
    exponential_from: float = Field(8.0, ge=0, description="initial logit from which growth is judged exponential")
    exponential_slope: float = Field(1.0, description="expected slope of ln(time) in the initial logit, squared error")
    exponential_tol: float = Field(0.03, gt=0, description="tolerance on slopes of logarithms")
    linear_from: float = Field(5.0, ge=0, description="initial logit from which growth is judged linear")
    linear_slope: float = Field(0.5, description="expected slope of time in the initial logit, log-loss")
    linear_tol: float = Field(0.01, gt=0, description="tolerance on that slope")
    start_ratio: float = Field(28.3, description="log-loss over squared-error gradient at the lecture's start")
    start_ratio_tol: float = Field(0.05, gt=0, description="tolerance on it: the rounding of its last digit")
    printed_logit: float = Field(5.0, description="exponent printed on the slide")
    # gradient
    z_limit: int = Field(700, ge=40, description="largest |logit| of the identity")
    fine_limit: int = Field(40, ge=1, description="largest |logit| in steps of a tenth; beyond, integers")
    classes: int = Field(10, ge=2, description="classes of the softmax")
    softmax_cases: int = Field(40, ge=1, description="random logit vectors, spread to the limit; and as many moderate ones")
    identity_tol: float = Field(1e-12, gt=0, description="largest error, relative to the largest possible gradient, 1")
    floor: float = Field(0.5, gt=0, description="smallest |gradient| on the wrong side")
    derivative_tol: float = Field(1e-7, gt=0, description="norm-wise error against central differences")
    derivative_limit: float = Field(10.0, gt=0, description="largest |logit| of the central differences")
    naive_edge: float = Field(36.74, gt=0, description="logit at which 1 - sigma is lost: 53 ln 2, for 53 bits")
    naive_edge_tol: float = Field(0.1, gt=0, description="tolerance on it: the spacing of the logits")
    # networks
    hidden: tuple[int, ...] = Field((32, 32), description="widths of the ReLU layers, He initialised")
    n_train: int = Field(200, ge=20, le=1000, description="training digits")
    table_train: int = Field(364, ge=20, le=364, description="training tumours")
    batch: int = Field(20, ge=1, description="batch size on the digits; the table and `full-batch` use all examples")
    epochs: int = Field(100, ge=2, description="budget of a mini-batch run; unfinished runs count as it")
    full_epochs: int = Field(300, ge=2, description="budget of a full-batch run; unfinished runs count as it")
    accuracy_epochs: int = Field(30, ge=1, description="length of the runs whose test accuracy is compared")
    scales: tuple[float, ...] = Field((1.0, 3.0, 10.0), description="output weights at the start, in units of He's")
    curve_scale: float = Field(3.0, gt=0, description="initial scale of the shown learning curves")
    target: float = Field(0.02, ge=0, lt=1, description="share of wrong training examples that ends the count")
    slow_ratio: float = Field(1.5, gt=1, description="least ratio of epochs that counts as slower")
    noise: float = Field(0.3, gt=0, lt=1, description="share of training labels replaced by another class")
    accuracy_delta: float = Field(0.01, gt=0, description="least difference of test accuracy that counts")
    half: float = Field(0.5, gt=0, lt=1, description="share of runs below which 'most' fail")
    twin_offset: int = Field(100_000, ge=100_000, description="added to the seed for the second log-loss arm's weights")
    tuning_seeds: int = Field(10, ge=2, le=100, description="tuning seeds, 500 and up, for every arm")
    grid_points: int = Field(7, ge=3, description="learning rates tried in every arm, at first")
    grid_density: int = Field(4, ge=1, description="learning rates per decade")
    extensions: int = Field(3, ge=0, description="most extensions of all grids of a task, two rates each")
    centre_squared: float = Field(0.32, gt=0, description="middle of the grid: squared error, mini-batches")
    centre_log: float = Field(0.1, gt=0, description="middle of the grid: log-loss, mini-batches")
    centre_full: float = Field(1.0, gt=0, description="middle of the grid: both, full batches of digits")
    centre_table_squared: float = Field(1.8, gt=0, description="middle of the grid: squared error, table")
    centre_table_log: float = Field(0.56, gt=0, description="middle of the grid: log-loss, table")


FULL = Params()
QUICK = Params(
    seeds=8, max_doublings=0, z_step=1.0, records=1000, softmax_cases=10, epochs=40, full_epochs=60,
    accuracy_epochs=15, tuning_seeds=3, grid_points=5, grid_density=3, extensions=1,
)  # fmt: skip

UNIT, GRADIENT, NETWORK = CLAIMS
_TIMES = "largest relative error over all initial logits at most {{ params.times_tol }}, at learning rate {{ params.fine_rate }}"
_EXPONENTIAL = (
    "slope of ln(time) in the initial logit, from {{ params.exponential_from }} to {{ params.z_max }}, "
    "{{ params.exponential_slope }} within {{ params.exponential_tol }}"
)
_LINEAR = (
    "slope of time in the initial logit, from {{ params.linear_from }} to {{ params.z_max }}, "
    "{{ params.linear_slope }} within {{ params.linear_tol }}"
)
_IDENTITY = "largest error at most {{ params.identity_tol }} of the largest possible gradient, for |logit| up to {{ params.z_limit }}"
_SLOWER = (
    "95 % BCa interval of the paired mean of ln(epochs, squared) - ln(epochs, log) over {{ params.seeds }} seeds above 0, "
    "and the mean at least ln {{ params.slow_ratio }}"
)
_SCALES = "; at every initial scale of {{ params.scales }}, Holm over them"
_WORSE = (
    "95 % BCa interval of the paired mean of accuracy(log) - accuracy(squared) over {{ params.seeds }} seeds above 0, "
    "and the mean at least {{ params.accuracy_delta }}"
)
CRITERIA = Criteria(
    Criterion(
        claim=UNIT,
        name="time-closed-forms",
        statement="The unit's time to a prediction of {{ params.goal }} is that of the gradient flow, for both losses.",
        criterion=_TIMES,
    ),
    Criterion(
        claim=UNIT,
        name="squared-exponential",
        statement="Under squared error the time grows exponentially in the initial logit.",
        criterion=_EXPONENTIAL,
    ),
    Criterion(
        claim=UNIT,
        name="log-linear",
        statement="Under log-loss the time grows linearly in the initial logit.",
        criterion=_LINEAR,
    ),
    Criterion(
        claim=UNIT,
        name="coarse-steps",
        role="secondary",
        statement="The closed forms still give the times at the larger learning rate {{ params.coarse_rate }}.",
        criterion="largest relative error over all initial logits at most {{ params.coarse_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="start-ratio",
        role="secondary",
        statement="With w = b = {{ params.start }} the log-loss gradient is {{ params.start_ratio }} times that of squared error.",
        criterion="{{ params.start_ratio }} within {{ params.start_ratio_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="times-of-one-parameter",
        role="break",
        guards="time-closed-forms",
        statement="The flow in which w alone moves gives the times.",
        criterion=_TIMES,
    ),
    Criterion(
        claim=UNIT,
        name="rescaled-gradient",
        role="null",
        guards=("time-closed-forms", "squared-exponential"),
        statement="Divided by 2 s (1 - s), the squared-error gradient recovers as fast as log-loss does.",
        criterion="ratio of times 1 within {{ params.times_tol }} at every initial logit",
    ),
    Criterion(
        claim=UNIT,
        name="log-exponential",
        role="break",
        guards="squared-exponential",
        statement="The times of log-loss meet the criterion of exponential growth.",
        criterion=_EXPONENTIAL,
    ),
    Criterion(
        claim=UNIT,
        name="squared-linear",
        role="break",
        guards="log-linear",
        statement="The times of squared error meet the criterion of linear growth.",
        criterion=_LINEAR,
    ),
    Criterion(
        claim=UNIT,
        name="as-printed-e44",
        role="as-printed",
        erratum="E44",
        statement="With w = b = {{ params.start }} and x = 1 the unit predicts 1/(1 + e^-{{ params.printed_logit }}).",
        criterion="relative error at most {{ params.identity_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="as-printed-e45",
        role="as-printed",
        erratum="E45",
        statement="The second of the three factors 2 s, s, 1 - s makes the gradient small: without it nothing vanishes.",
        criterion="slope of ln(gradient/s) in the initial logit, from {{ params.exponential_from }} to {{ params.z_max }}, "
        "0 within {{ params.exponential_tol }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="identity-sigmoid",
        statement="The gradient of log-loss by the logit of a sigmoid is prediction minus label.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="identity-softmax",
        statement="The gradient of log-loss by the logits of a softmax is prediction minus one-hot label.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="wrong-side",
        role="secondary",
        statement="On the wrong side the gradient never falls below {{ params.floor }} in size.",
        criterion="smallest |gradient| with the prediction beyond one half on the wrong side at least {{ params.floor }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="bounded",
        role="secondary",
        statement="The gradient by a logit never exceeds 1 in size.",
        criterion="largest |gradient| over all sigmoid and softmax logits at most 1",
    ),
    Criterion(
        claim=GRADIENT,
        name="derivative",
        role="secondary",
        statement="It is the derivative of the loss that the engine reports.",
        criterion="norm-wise error against central differences at most {{ params.derivative_tol }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="naive-edge",
        role="secondary",
        statement="The unsimplified product of the chain rule stops being a number where 1 - s rounds to 0.",
        criterion="first such logit {{ params.naive_edge }} within {{ params.naive_edge_tol }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="naive-form",
        role="break",
        guards="identity-sigmoid",
        statement="The unsimplified product 1/(1 - s) s (1 - s) meets the identity.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="squared-gradient",
        role="break",
        guards="identity-sigmoid",
        statement="The gradient of squared error meets the identity.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="one-against-all-gradient",
        role="break",
        guards="identity-softmax",
        statement="The gradient of one-against-all sigmoids meets the identity of the softmax.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=NETWORK,
        name="slower-digits",
        statement="On the digits squared error needs more epochs to a training error of {{ params.target }}, both losses tuned.",
        criterion=_SLOWER + _SCALES,
        extendable=True,
    ),
    Criterion(
        claim=NETWORK,
        name="slower-table",
        statement="The same on the breast cancer table, with full batches.",
        criterion=_SLOWER + _SCALES,
        extendable=True,
    ),
    Criterion(
        claim=NETWORK,
        name="standard-init",
        role="secondary",
        statement="On the digits, at the standard initial scale, squared error needs more epochs.",
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="growth",
        role="secondary",
        statement="The ratio of epochs grows with the initial scale of the output weights.",
        criterion="ln(ratio) at the largest scale minus that at the smallest, paired: 95 % BCa interval above 0, "
        "mean at least ln {{ params.slow_ratio }}",
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="same-rate",
        role="secondary",
        statement="Squared error at the rate tuned for log-loss needs more epochs, at the standard initial scale.",
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="full-batch",
        role="secondary",
        statement="With full batches and rates tuned for them, too, squared error needs more epochs at the standard scale.",
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="last-examples",
        role="secondary",
        statement="Most runs with squared error, at the standard scale, never get every training digit right.",
        criterion="Wilson interval of the share that does, below {{ params.half }}",
    ),
    Criterion(
        claim=NETWORK,
        name="clean-accuracy",
        role="secondary",
        statement="With clean labels squared error ends less accurate, rates tuned on validation accuracy.",
        criterion=_WORSE + _SCALES,
    ),
    Criterion(
        claim=NETWORK,
        name="noisy-accuracy",
        role="secondary",
        statement="With a share {{ params.noise }} of wrong training labels squared error ends less accurate.",
        criterion=_WORSE + _SCALES,
    ),
    Criterion(
        claim=NETWORK,
        name="arms-exchanged",
        role="break",
        guards="slower-digits",
        statement="Log-loss needs more epochs than squared error on the digits.",
        criterion="the criterion of slower-digits with the arms exchanged",
    ),
    Criterion(
        claim=NETWORK,
        name="table-exchanged",
        role="break",
        guards="slower-table",
        statement="Log-loss needs more epochs than squared error on the table.",
        criterion="the criterion of slower-table with the arms exchanged",
    ),
    Criterion(
        claim=NETWORK,
        name="twin-digits",
        role="null",
        guards="slower-digits",
        statement="Two log-loss arms with different initial weights and orders need equally many epochs on the digits.",
        criterion="90 % interval of the mean ln(ratio) within ln {{ params.slow_ratio }} of 0",
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="twin-table",
        role="null",
        guards="slower-table",
        statement="The same on the table.",
        criterion="90 % interval of the mean ln(ratio) within ln {{ params.slow_ratio }} of 0",
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="noisy-standard-init",
        role="break",
        guards="clean-accuracy",
        statement="Under label noise squared error ends less accurate at the standard initial scale as well.",
        criterion=_WORSE,
    ),
)

ALT = (
    "Six panels. A: prediction of one sigmoid unit over steps: squared error stays on a plateau and then drops, log-loss falls "
    "at once; dashed theory on both. B: time to recover over the initial logit, logarithmic: squared error rises "
    "exponentially, log-loss stays low. C: size of the gradient over the logit for target 0: squared and absolute error vanish "
    "on the wrong side, log-loss and hinge do not. D: training error over epochs on digits with enlarged output weights: log-loss "
    "reaches zero, squared error stays high. E: epochs of squared error over those of log-loss against the initial output scale, for digits "
    "and table. F: loss of test accuracy by squared error against the initial output scale, with clean and noisy labels."
)
SCOPE = """
* **Unit.** One example, x = 1, target 0. The exponential law belongs to the far wrong side; near logit 0 the two losses differ by a
  constant factor only. As s (1 - s) is even in the logit, the ratio of gradients is the same on the correct side, where both are small.
* **Gradient.** float64. Errors are taken relative to 1, the largest gradient: on the correct side with label 1 the engine forms s - 1, whose
  *relative* precision is lost once s rounds to 1. The other side of an unbounded loss: one wrong label costs log-loss as much as
  its logit is large, squared error at most 1.
* **Networks.** Sigmoid outputs only (the slide names tanh as well), ReLU hidden layers, plain gradient descent with a constant rate. Runs that
  do not get there count with their whole budget, so the ratios are lower bounds where that happens. Validation and test labels
  stay clean. All intervals are conditional on the fixed test images.
"""
THEORY = r"""
With $s = \sigma(z)$, $z = wx + b$, $x = 1$ and target 0,
$$\frac{\partial s^2}{\partial z} = 2s \cdot s(1-s), \qquad \frac{\partial}{\partial z}\bigl(-\ln(1-s)\bigr) = s .$$
The quotient is $1/(2s(1-s))$. Weight and bias both move, each by this gradient, so the logit moves twice as fast:
$\dot z = -4s^2(1-s)$ and $\dot z = -2s$. With $u = e^z$, $1/(s^2(1-s)) = (1+u)^3/u^2$, and integration gives
$$T_2 = \tfrac14\bigl[F(e^{z_0}) - F(e^{z_1})\bigr],\; F(u) = u + 3\ln u - \frac3u - \frac1{2u^2}; \qquad
T_{\log} = \tfrac12\bigl[(z_0 - e^{-z_0}) - (z_1 - e^{-z_1})\bigr],$$
hence $T_2 \approx e^{z_0}/4$ but $T_{\log} \approx z_0/2$ for large $z_0$.

**E44.** At $w = b =$ {{ params.start }} the logit is {{ 2 * params.start }}, not {{ params.printed_logit }}. **E45.** Of the three factors
$2s$, $s$, $1-s$ only the last one vanishes as $s \to 1$. The remark on the slide holds if $s(1-s)$, the slope of the sigmoid, is
read as one second factor.

For a softmax $p$ and label $k$, $\partial(-\ln p_k)/\partial z_j = p_j - [j = k]$: the same cancellation.
"""
PROTOCOL = """
**Unit.** A Dense(1, 1) layer started at w = b = z0/2, z0 from 0 to {{ params.z_max }}, by gradient descent at rates {{ params.fine_rate }} and
{{ params.coarse_rate }}; time is the first step with s at most {{ params.goal }}, times the rate. Largest relative error against the flow:
{{ finding["time-closed-forms"].estimate }} and {{ finding["coarse-steps"].estimate }}. **Gradient.** Read from one backward pass per logit
(sigmoid: Scale layer; softmax: Dense layer on x = 1).

**Networks.** ReLU layers {{ params.hidden }}; digits: {{ params.n_train }} images, ten one-against-all sigmoids, batches of
{{ params.batch }}; table: {{ params.table_train }} tumours, one sigmoid, full batches. Each pair of loss and initial scale of the
output weights gets {{ params.grid_points }} rates, {{ params.grid_density }} per decade, chosen by the median of the endpoint over
{{ params.tuning_seeds }} tuning seeds; a winner at an edge extends all grids of its task. Endpoint for speed: epochs to a training error of
{{ params.target }}, linear between epoch ends. For accuracy: {{ params.accuracy_epochs }} epochs, tuned on validation accuracy, test images
used once; with noise, a share {{ params.noise }} of the training labels becomes another class. The table and `full-batch` use whole
batches because there the count of epochs would be too coarse otherwise.
"""


def measure(p, seeds, sweep):
    records = (
        _saturation_unit.measure(p, sweep) + _saturation_gradient.measure(p) + _saturation_network.measure(p, seeds, sweep)
    )
    frame = pd.DataFrame(records, columns=["part", "arm", "metric", "x", "seed", "value"])
    return frame.astype({"x": float, "seed": int, "value": float})


def predict(p):
    """Times of the unit by the closed forms."""
    z0 = _saturation_unit.starts(p)
    goal = _saturation_unit.goal_logit(p.goal)
    return pd.DataFrame({"z0": z0} | {a: _saturation_unit.flow_time(a, z0, goal) for a in _saturation_unit.LOSSES})


def judge(data, p):
    found = (
        _saturation_judge.unit(data, p) | _saturation_judge.gradient(data, p) | _saturation_judge.network(data, p)
    )
    return [CRITERIA.finding(name, outcome, note=note) for name, (outcome, note) in found.items()]


def draw(data, p):
    return _draw(data, p)
