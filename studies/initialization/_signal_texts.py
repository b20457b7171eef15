"""What the report of `signal_propagation` says besides its findings."""

ALT = (
    "Seven panels. A: mean square of ReLU layers over depth by rule, logarithmic: straight lines on dashed theory: "
    "He's rule and no other stays level, the formulas of the slides rise or fall by many decades. B: quantiles of the "
    "mean square over depth with He's rule for three widths: the fan opens and its median falls, the faster the "
    "narrower the net. C: mean square over layer with variance 1/m, both logarithmic: linear level, tanh on the dashed "
    "line one over twice the layer, ReLU falling by halves, sigmoid level at 0.26. D: gain of the gradient against "
    "that of the signal for three rules where widths grow or shrink by four: fan-in and fan-out each keep one of both, "
    "Xavier's rule lies between. E: share of trained networks by rule and depth, for ReLU and tanh units and two "
    "optimizers, with the centre of each success curve, marked where it is a lower bound. F: distance between twin "
    "units over steps: zero for exact twins, small and slowly growing with noise of a millionth, large at once with "
    "dropout. G: rank of the hidden layer after training: 1 with all units alike, "
    "half the units with pairs, all with different ones."
)
SCOPE = """
* **Random networks.** Independent weights (and orthogonal ones), no biases, inputs of mean square 1, float64. The gain
  formula is exact for linear and ReLU units with any symmetric law of the weights; for tanh and sigmoid it takes the
  sums to be normal (for orthogonal weights: a coordinate of a vector of fixed length), given the layer below.
* **Fluctuation.** The variance of q_L/q_0 is judged at L/n below 0.2 only: beyond that its tails are so heavy that a
  sample variance says little, and ln q takes over. At width 256 that would allow L = 50, but the networks there are
  {{ params.short_draws[2] }} of {{ params.short_depths[2] }} layers for reasons of cost alone: 5000 of 50 layers would
  draw 16 thousand million weights. Networks in which a whole layer is off count as 0 in means, and are left out of
  ln q.
* **Decay.** One network scatters; {{ params.decay_draws }} are averaged. 1/(2 l) fades slowly: that is no obstacle to
  training (panel E, tanh). Sigmoid layers settle at a mean square of 0.26 with mean 1/2, but lose what distinguishes
  two inputs.
* **Depth.** Digits, {{ params.n_train }} images, {{ params.epochs }} epochs, width {{ params.width }}, no
  normalisation, no residuals; another budget moves the depths. "Trained" means more than
  {{ params.success }} of the training images right; rates are tuned on a coarse grid, {{ params.grid_density }} per
  decade. LeCun's rule is left out, since it is Xavier's in square layers. Depths come in half octaves, which bounds
  what one seed can say. A rule that still trains at the last depth has reached at least that, and a comparison that
  a larger depth could change is undecided. Where most runs of a rule diverge at every rate tried, the protocol
  says so; such nets count as not trained. "Deeper" asks for no more than
  {{ params.octaves }} octaves; how much it is says the finding.
* **Symmetry.** Equality to the last bit rests on sums in a fixed order, as the engine has them on the CPU; elsewhere
  rounding may part twins. That noise breaks equality does not mean that twins separate: see `noise-parts` and
  `noise-proportional`. The direction (1, -1) is flat everywhere on the set of twins, so its curvature u'Hu is 0, but u
  is an eigenvector of the Hessian with eigenvalue 0 only where the gradient by the incoming weights vanishes for each
  output alone.
"""
THEORY = r"""
For inputs of mean square $q$ and independent weights of mean 0 and variance $v$, a sum $f$ over $n$ inputs has mean
square $n v q$; ReLU keeps half of it, since $f$ is symmetric:
$$q_{l+1} = n v\, q_l \;(\text{linear}), \qquad \tfrac12 n v\, q_l \;(\text{ReLU}), \qquad
\mathrm E\,\phi(\sqrt{n v q_l}\,z)^2 \;(\tanh, \sigma),\; z \sim N(0, 1).$$
**E01.** $N(0, 2/\sqrt d)$ gives ReLU gain $\sqrt d$ (variance) or 2 (standard deviation) instead of 1.
**E02.** $U[-1/d, 1/d]$: $1/(6d)$ instead of $1/6$. **E03.** $N(0, \sqrt{2/n})$ as a variance: $\sqrt{n/2}$.
**E04.** $U(\pm 1/\sqrt m)$: linear gain $1/3$; LeCun et al. ask for 1.

**He's rule at finite width.** Given the layer below, $q_{l+1}/q_l$ is $(2/n)\chi^2_k$ with $k \sim \mathrm{Bin}(n,
1/2)$ active units: mean 1, variance $5/n$, and independent of the layers below. Hence $\mathrm{Var}(q_L/q_0) =
(1 + 5/n)^L - 1$, but $\mathrm E \ln(q_L/q_0) \approx -5L/(2n)$ with variance about $5L/n$ (exactly: digamma functions
averaged over $k$).

**Variance 1/m.** $\tanh^2 x = x^2 - \tfrac23 x^4 + \dots$ gives $q_{l+1} \approx q_l - 2 q_l^2$, hence $q_l \approx
1/(2l)$. **E47.** The argument needs inputs of mean 0 and variance 1, which only the first layer has.

**Backwards** the gradient by the sums grows by $n_{out} v\, \mathrm E f'^2$ per layer. Xavier's $2/(n_{in} + n_{out})$
is the harmonic mean of $1/n_{in}$ and $1/n_{out}$, and so are its gains.

**Symmetry.** Gradient steps commute with exchanging two hidden units. $h$ equal units act, and
under plain descent move, as one unit with weights $\sqrt h$ times as large.
"""
PROTOCOL = """
**Gain.** {{ params.gain_draws }} networks of {{ params.gain_depth }} layers per rule and width, drawn by the engine's
initializers; per network the mean over layers of q_(l+1)/q_l. **Fluctuation.** He's rule, widths {{ params.widths }},
{{ params.short_draws }} networks for the variance ({{ params.inputs }} orthogonal inputs each, averaged), {{
params.long_draws }} for quantiles and logarithms at larger depths. **Decay.** {{ params.decay_draws }} networks of {{
params.decay_depth }} layers of {{ params.decay_widths[0] }} units. **Backwards.** {{ params.backward_draws }} networks
of widths {{ params.narrow }} and {{ params.narrow * params.width_ratio }} in turn; gradients by the engine.

**Depth.** Eight rules, ReLU and tanh, Adam and plain descent, {{ params.hidden_layers }} hidden layers of
{{ params.width }}, with tanh {{ params.deeper_tanh }} as well; rates tuned for each by training accuracy
({{ params.grid_points }} rates,
{{ params.grid_density }} per decade, {{ params.tuning_seeds }} tuning seeds, every rule the same grid; a winner at an
edge extends all grids of its depth, and so does a rule with which most runs diverged at every rate, downwards; at most
{{ params.extensions }} times, two rates each). Reached depth of a seed: Spearman-Karber estimate over the depths.
Result:
{{ finding["he-over-xavier"].note }}.

**Symmetry.** Digits, {{ params.symmetry_units }} ReLU units in equal pairs or all equal, {{ params.symmetry_steps }}
steps; XOR, {{ params.xor_units }} units from one constant per seed, {{ params.xor_steps }} full-batch steps.
"""
