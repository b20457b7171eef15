"""Theory, protocol, scope and figure description of `dropout`."""

ALT = (
    "Eight panels. Pre-activations in evaluation against their mean in training: on the diagonal when divided in "
    "training or multiplied at test, off it when unscaled. Mean missed when the bias is scaled too, against the bias: "
    "on dashed lines of slope q. Probabilities of the scaled network against the geometric mean of all thinned ones: "
    "on the diagonal for one layer, scattered around it for two and three. Coefficients of masked gradient descent "
    "against ridge regression: on the diagonal with the weighted penalty only. Ratio of divergences from the "
    "geometric and from the arithmetic mean, with intervals, for each activation, depth and scale of weights, beside a "
    "dashed line at 1. Test accuracy against the drop rate for wide and narrow networks, clean and wrong labels. Two "
    "maps over width and data: the gain of the best rate above 0, marked as confirmed, refuted, null or undecided, and "
    "the best rate with what one half loses."
)
THEORY = r"""
Let $m_j = 0$ with probability $q$ (the **drop** rate), else 1, independently.

**Scaling.** $f = W(m \circ g) + b$ has the mean $(1 - q) W g + b$, so evaluation must multiply $g$ or $W$ by $1 - q$,
but not $b$ (Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014); scaling all of $f$ (E42) makes it too
small by $q\,b$. Dividing by $1 - q$ in training instead gives the mean $W g + b$. The two are one family of
functions, $W_\mathrm{inv} = (1 - q) W_\mathrm{test}$, but not one trajectory: since the gradient by $W_\mathrm{test}$
is $1 - q$ times that by $W_\mathrm{inv}$, plain gradient descent keeps them equal only if the rate for
$W_\mathrm{test}$ is $(1 - q)^{-2}$ times as large. Only means agree: training adds the variance $\frac{q}{1 - q}
\sum_j w_j^2 g_j^2$ (inverted), and after a nonlinearity the means differ too. The paper's $p$ is the probability to
*keep* (E43): put into $(1 - p) W$ it gives the wrong mean unless $p = 1/2$.

**Ensemble.** For one softmax layer the logarithm of each thinned network is affine in $m$ up to a term that is common
to all classes, so the normalised geometric mean $\prod_m p_m^{P(m)}$ is the softmax of the mean pre-activation,
exactly (Baldi & Sadowski 2013). The same holds at any depth if only the input of the last layer is masked. A
nonlinearity after the mask breaks it (E57); how far off is measured by the divergences of the geometric and of the
arithmetic mean from the scaled network.

**Linear regression.** With inverted scaling $E\,\|y - X(m \circ w)/(1 - q)\|^2 = \|y - Xw\|^2 + \frac{q}{1 - q}
\sum_j \|x_j\|^2 w_j^2$: a ridge penalty in the units of each feature (Wager, Wang & Liang 2013), hence without units
itself. Descent with fresh masks at each full-batch step is linear in $w$ with independent random matrices, so its
stationary mean is this minimiser exactly.
"""

PROTOCOL = r"""
*Scaling:* {{ params.layers }} random layers of {{ params.units }} masked inputs and {{ params.outputs }} outputs with
biases, q = {{ params.rates | join(", ") }}: means over all masks, in NumPy, against the engine's evaluation; and over
{{ params.draws }} masks of the engine. Twins: 64-{{ params.twin_width }}-10 without biases, dropout before both
layers, 100 digits, {{ params.twin_epochs }} epochs.

*Ensemble:* {{ params.units }} inputs (principal components of the training digits), 2^{{ params.units }} masks, q =
{{ params.sampled_rate }}, {{ params.inputs }} test digits per seed, {{ seeds | length }} seeds. Untrained networks
have He weights ({{ params.nets }} networks per seed) times {{ params.scales | join(", ") }}; trained ones saw 200
digits for {{ params.ensemble_epochs }} epochs with dropout of their inputs.

*Linear regression:* ten features of the diabetes data in units from {{ params.feature_scales[0] }} to {{
params.feature_scales[1] }}; {{ params.ridge_steps }} steps, the second half of the iterates averaged.

*Digits:* 64-width-10, ReLU, dropout of the hidden units; n = {{ params.sizes | join(", ") }}, width {{ params.widths
| join(", ") }}, share of wrong training labels {{ params.noises | join(", ") }}, q = {{ params.hidden_rates | join(",
") }} and, as a control, {{ params.extreme_rate }}. {{ params.steps }} steps of Adam, the same for all; its rate is
tuned for each drop rate and setting on the final validation error ({{ params.grid_points }} rates, {{
params.tuning_seeds }} tuning seeds). The best drop rate of a setting is the one with the highest mean validation
accuracy over {{ params.choice_seeds }} further tuning seeds; the reporting seeds and the test digits choose nothing.
"""

SCOPE = r"""
**The grid is not the registered one**, which has widths 8, 32, 128 and 512, n = 100, 200 and 1000, noise 0, 0.15 and
0.3, and generated signals beside the digits. Width 512 alone would take more than twice as long as all else here. So
narrow networks have a larger part of the settings than they were to have, and a share of settings depends on that. The
verdict on one half, by width: {{ finding["near-best-by-width"].note }}. Nor is the control at {{ params.extreme_rate }}
the registered one, a regret above 0.1: wide networks lose far less by that rate; it must only not be near-best in most
settings.

Which mean is nearer depends on the direction of the divergence: the primary finding has KL(mean, scaled), a secondary
one the other. Small networks on small data; one hidden layer is masked. Labels of the validation digits are clean, so
that the choice of rates is better than it could be with noisy ones. "Best above 0" has a choice of {{
params.hidden_rates | length - 1 }} drop rates, which none has not, though on other seeds than the reported ones: the
secondary finding with one half has equal budgets. All arms have the same number of steps; a longer training could
favour high rates. Intervals are over seeds and conditional on the one test part and on the rates chosen.
"""
