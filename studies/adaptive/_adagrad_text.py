"""What the report of the study `adagrad_decay` says: theory, protocol, scope."""

THEORY = r"""
AdaGrad divides by the root of everything it has seen, $w_{t,j} = w_{t-1,j} - a\, g_{t,j}/\sqrt{G_{t,j}}$
with $G_{t,j} = \sum_{s \le t} g_{s,j}^2$. Two quantities must be kept apart: the effective step
$a/\sqrt{G_t}$ and the length $a|g_t|/\sqrt{G_t}$.

*Decay.* A constant gradient has $G_t = g^2 t$: the length is $a/\sqrt t$ for every $g$, and the path is
$a\sum_{s\le t} s^{-1/2} = 2a\sqrt t + \zeta(\tfrac12)\,a + O(t^{-1/2})$. Stationary noise has $G_t \approx
t\,E g^2$, with the same slope for both. For $g_t = t^{-p}$, $p < 1/2$, the sum is $G_t \approx
t^{1-2p}/(1-2p)$: the effective step has slope $-(1-2p)/2$, while the length has $-p-(1-2p)/2 = -1/2$. For
$p > 1/2$ the sum stays finite and the effective step tends to a constant. Replacing the sum by the mean
$G_t/t$ multiplies the step by $\sqrt t$, which removes the decay. Epsilon inside the root keeps the step
level as long as $G_t \ll \epsilon$.

*Burst.* After $m$ gradients of size $M$ a unit slope is descended by $a\sum_{k\le t}(mM^2+k)^{-1/2} \approx
2a(\sqrt{mM^2+t}-\sqrt{mM^2})$. Setting this to $D$ gives $t = DM\sqrt m/a + D^2/(4a^2)$. The second term is
the ordinary pace, so the burst rules where $M\sqrt m \gg D/(4a)$; a burst of $M = 1$ multiplies the time by
about $1 + 4a\sqrt m/D$.

*Sparsity.* A coordinate that is active with frequency $f_j$ has $G_{t,j} \approx f_j
t\,E[g^2\,|\,\text{active}]$: effective steps go as $f_j^{-1/2}$, and those of two coordinates are as
$\sqrt{f_{\rm frequent}/f_{\rm rare}}$.
"""
PROTOCOL = r"""
*Streams.* A learned scale under a linear loss takes its gradients from the data, so the engine's own rules
walk given streams of {{ params.steps }} steps (rate {{ params.rate }}, epsilon 0 unless it is tested). The
accumulator of slide 002 as printed is no rule of the engine: its formula is evaluated in NumPy on the same
streams. Noisy steps are averaged in {{ params.bins }} bins of equal width in $\log t$ from step
{{ params.first_step }} on; decaying gradients are fitted from step {{ params.late_step }} on. At the last
step the path is {{ finding["two-terms"].estimate }} rates.

*Burst.* {{ params.number }} gradients of alternating sign, the last of them uphill, then a slope of 1;
distance is counted from the end of the burst. At size {{ params.checked_burst }} the slope is passed at
step {{ finding["stall-steps"].estimate }} against {{ finding["stall-steps"].threshold }} by the formula.

*Digits.* {{ params.n_train }} training images, {{ params.hidden }} or {{ params.deep_hidden }} hidden ReLU
layers of {{ params.width }} units, batches of {{ params.batch }}, He initialisation, {{ params.epochs }}
epochs ({{ params.short_epochs }} for the short budget). Each rule's rate is tuned on the log of the
training loss at the end of that very budget, with {{ params.tuning_seeds }} tuning seeds; a loss below
{{ params.loss_floor }} counts as that, a diverged run as the loss of guessing. The arms of a seed share
split, initial weights and batch order.

*Sparse features.* {{ params.features }} binary features, that of rank j active with frequency
{{ params.top_frequency }}/j, labels from a logistic teacher with Gaussian weights; one pass of batches of
one from zero weights, accuracy on {{ params.test_examples }} fresh examples, rates tuned on that accuracy
with other seeds. The permuted control shuffles the features within each example before the teacher labels
it: as many active features, none rarer than another, and still learnable. Decaying SGD has the rate lr/(1 +
{{ params.decay }} t/n). Effective steps are read off one more update on a probe example in which all
features have the value {{ params.probe }}.
"""
SCOPE = r"""
The law is about the sum of squares: it holds for constant and stationary gradients, and bends as soon as
gradients shrink or grow. The stall formula is an integral in place of a sum, hence off for tiny bursts
followed by steep slopes (`stall-everywhere`). On the digits the endpoint is the training loss of a net that
can fit its {{ params.n_train }} images exactly: there the rules differ in how fast a loss that is already
small vanishes, with a difference in validation error (AdaGrad minus RMSProp) of
{{ finding["same-error"].estimate }}; where a rule reaches the floor of {{ params.loss_floor }}, several of its
rates tie and the difference is a lower bound. Only the rate is tuned; RMSProp and Adam keep the engine's usual
constants, and no schedule is used. How far a burst slows down a rule that forgets
depends on its decay: `burst-slowdown` is about RMSProp with 0.9, and a longer memory is slowed down more. The
sparse result is for a single pass, one Zipf law and one teacher scale. The gain over SGD with a constant rate
contains what any decay of the rate gains: against decaying SGD it is {{ finding["vs-decaying"].estimate }}
instead of {{ finding["long-gain"].estimate }}, and without
rare features it is {{ finding["permuted-gain"].estimate }}. On dense features the gain in the short pass is
{{ finding["dense-short"].estimate }}: where every coordinate is active, AdaGrad's first steps are all as large as
the rate.
"""
