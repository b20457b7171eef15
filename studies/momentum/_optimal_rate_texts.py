"""Theory, protocol, scope and figure description of `optimal_rate`."""

ALT = (
    "Five panels. Steps to a small error against the condition number on logarithmic axes: gradient "
    "descent rises with slope one, heavy ball with about one half, both on their theory lines. Steps "
    "until the swing across a ravine has ended against the step size: flat for heavy ball, rising steeply"
    " for gradient descent, which is the slower one only close to its stability limit. Map of the "
    "measured factor per step over step and momentum with the boundaries of the monotone, rippling, "
    "alternating and divergent regimes, and one error trace from each and from the one-step point. Weight"
    " of a gradient in the velocity against its age: the measured geometric decay, and two printed forms "
    "that have the wrong sign or grow with age."
)

THEORY = r"""
**One mode.** On curvature $h$ heavy ball, $v \leftarrow \beta v - \alpha h w$, $w \leftarrow w + v$, is the
recursion $w_{t+1} = (1 + \beta - \alpha h)\,w_t - \beta\,w_{t-1}$, whose solutions are powers of the roots
$s_1, s_2$ of $s^2 - (1 + \beta - \alpha h)\,s + \beta = 0$. Their product is $\beta$: while they are a
complex pair, that is for $(1 - \sqrt\beta)^2 < \alpha h < (1 + \sqrt\beta)^2$, each has modulus
$\sqrt\beta$ (not $2\sqrt\beta$, E07), and the mode ripples with
$\arccos\frac{1 + \beta - \alpha h}{2\sqrt\beta}/\pi$ sign changes per step. To the left both roots are
positive (monotone); to the right both are negative (a sign change at each step, which therefore needs
$\alpha h > (1 + \sqrt\beta)^2$ and not $\alpha h > 1$, E08) until $\alpha h = 2(1 + \beta)$, where $s = -1$
and divergence begins. Without momentum and at $\alpha h = 1$ both roots are 0: one step suffices.

**Many modes.** For curvatures in $[h_1, h_n]$, $\kappa = h_n/h_1$, the worst rate is least where both
extreme modes have a double root: $\sqrt{\alpha h_1} = 1 - \sqrt\beta$ and
$\sqrt{\alpha h_n} = 1 + \sqrt\beta$, hence $\alpha = 4/(\sqrt{h_1} + \sqrt{h_n})^2$ and
$\rho = \sqrt\beta = (\sqrt\kappa - 1)/(\sqrt\kappa + 1)$; gradient descent at best reaches
$(\kappa - 1)/(\kappa + 1)$. A double root makes the iteration matrix defective: from rest
$|w_t| = \rho^t\,(1 + (1 \mp \rho)\,t)\,|w_0|$, with minus for the flattest and plus for the steepest mode
(Polyak 1964; Goh 2017). The number of steps to an error $\varepsilon$ thus solves
$t\,|\ln\rho| = \ln(1/\varepsilon) + \ln t + \dots$ and grows like $\sqrt\kappa$ times a slowly rising
logarithm, and a straight line through $\ln|w_t|$ gives too slow a rate.

**Velocity.** Unrolling gives $v_t = \beta^{k+1} v_{t-k-1} - \sum_{i=0}^{k} \beta^i \alpha\, g_{t-i}$, with
minus (E05) and with weights that fall with age, $\beta^{t-j}$ (E22). They total $1/(1 - \beta)$, so this is
a sum and not an average (E06); $(1 - \beta)\,v$ is one, with the variance of a mean over
$(1 + \beta)/(1 - \beta)$ independent gradients.

**Ravine.** Descent multiplies the steep coordinate by $1 - \alpha h$ per step, and zigzags for
$\alpha h > 1$. Momentum changes the sign less often, but every rippling mode shrinks by $\sqrt\beta$ only.
The swing therefore ends sooner with momentum only where $\alpha h - 1 > \sqrt\beta$. The best step of
descent, $\alpha h_n = 2\kappa/(\kappa + 1)$, lies there exactly when
$\kappa > (1 + \sqrt\beta)/(1 - \sqrt\beta)$, which is also when momentum shortens the whole journey.
"""

PROTOCOL = r"""
All runs are float64 rows of the engine: `Scale` with squared error is a diagonal quadratic of given
curvatures, `Scale` with linear loss a given sequence of gradients. Nothing is rescaled on the way.

*Many modes:* {{ params.dimension }} curvatures evenly spaced in their logarithm,
{{ params.conditions | length }} condition numbers from {{ params.conditions | min | num }} to
{{ params.conditions | max | num }}, {{ seeds | length }} normal random starts, both methods with the step
and momentum of the formulas. A run of moderate length gives the steps to a relative distance of
{{ params.tolerance }}; the last quarter of a much longer one gives $-\ln\rho$, for heavy ball after
division by $t$. Its relative error is {{ finding["hb-contraction"].estimate }} at worst. The same fit
without the division, from the start down to the tolerance, is off by {{ finding["naive-fit"].estimate }} on
average. The tolerance is on $\ln\rho$, since a tolerance on $\rho$ itself would be met by $\rho = 1$ at the
largest condition numbers. That the formula's pair is the best one is tried on a grid of
{{ params.grid_points }} steps and as many momenta at condition number {{ params.grid_condition }}.

*One mode:* a map of {{ params.cells }} momenta (rows) by {{ params.cells }} steps (independent coordinates
of the row), {{ params.phase_steps }} steps each. The state starts at {{ params.start }}, so that the
fastest growth in the map stays below overflow even when the loss squares it; a cell that shrinks below
{{ params.floor }} is used up to there. The rate is the slope of $\ln|(w_t,\ r\,w_{t-1})|$ over the second
half of the usable records with Hann weights, where $r$ is the rate of a first pass with $r = 1$. Cells
within {{ params.margin }} cells of a boundary are left out, because a double root adds a factor $t$ there.

*Velocity:* {{ params.streams }} sequences per seed of {{ params.stream_steps }} standard normal gradients,
at momenta {{ params.momenta | join(", ") }}; a constant gradient for the total weight and a single impulse
for the weights in the figure.

*Ravine:* two coordinates with condition number {{ params.ravine_condition }}, momentum
{{ params.momentum }}, both started at 1. A coordinate has settled from the step on after which it stays
below {{ params.ravine_tolerance }}. For the ratio of times momentum is added to descent at its best step
and nothing else is changed.
"""

SCOPE = r"""
Quadratics with known extreme curvatures, exact gradients and constant step and momentum. On strongly convex
functions that are not quadratic the formulas' pair need not converge at all (Lessard, Recht & Packard
2016). The slope of heavy ball's steps holds for this range of condition numbers and this tolerance: the
logarithm makes it depend on both, and it tends to one half. The ravine's findings hold for momentum
{{ params.momentum }} as long as the floor's mode ripples as well. "Momentum cancels the oscillation" is
about two different things: beyond $\alpha h = 1$ the sign changes less often (below it momentum adds a
swing that descent does not have), while the swing itself dies out sooner only close to the stability limit
of descent, measured from $\alpha h$ = {{ finding["across-threshold"].estimate }} on. That is where the best
step of descent lies for condition numbers above {{ finding["time-crossover"].estimate }}.
"""
