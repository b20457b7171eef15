"""Texts of the study `batch_norm`; `{{ ... }}` is filled in from the run."""

ALT = (
    "Ten panels, dotted what criteria allow or ask for. Error of the gradient by batch size: rounding with the "
    "statistics differentiated, about the size of the gradient without. Squared weight norm by step, rising without "
    "weight decay, on the dashed prediction. Gradient of biases: rounding before batch norm, order one without it. "
    "Folded against unfolded logits on the diagonal. Test accuracy by batch size for five normalisations: batch norm "
    "falls for small batches. Gap in loss by batch size, falling, with epochs fixed more steeply at the smaller ones. "
    "Training loss by epoch at tuned rates. Final loss by learning rate: batch norm works at higher rates. Gradient by "
    "layer in deep stacks: growing with batch norm and ReLU. Test accuracy by depth: only residual networks hold."
)
THEORY = r"""
*Layer.* $\hat x = (f-\mu)/\sqrt{v+\epsilon}$, $y = \gamma\hat x+\beta$, with mean and biased variance of the
batch. Both depend on every example, so
$\partial E/\partial f = (\gamma/\mathrm{sd})\,(g - \bar g - \hat x\,\overline{g\hat x})$ with
$g = \partial E/\partial y$ (Ioffe & Szegedy 2015).

*Invariance.* With $\epsilon = 0$, $\mathrm{BN}(aWx + b) = \mathrm{BN}(Wx)$ for $a > 0$. Differentiating by $a$
gives $\langle W, \nabla_W E\rangle = 0$ per unit and $\nabla E(aW) = \nabla E(W)/a$, hence
$\|W_{t+1}\|^2 = (1-2\alpha\lambda)^2\|W_t\|^2 + \alpha^2\|g_t\|^2$: without decay the effective step
$\alpha/\|W\|^2$ can only shrink. The invariance is to offsets of the *pre-activation*; one number added to all
*weights* of a unit adds a multiple of $\sum_k x_k$, which differs from example to example.

*Folding.* With stored statistics $W' = W\gamma/\mathrm{sd}$ and $b' = (b-\mu)\gamma/\mathrm{sd}+\beta$.

*Small batches.* For normal values $E v_B = v(B-1)/B$ and $E[1/\mathrm{sd}_B]$ is inflated by
$\sqrt{B/2}\,\Gamma(B/2-1)/\Gamma((B-1)/2)$: 1.60 at $B = 4$, infinite at $B = 2$.

*Depth.* In wide ReLU stacks with large batches the gradient grows per layer by $\sqrt{\pi/(\pi-1)} = 1.211$
towards the input (Yang et al. 2019), in linear ones by 1.
"""
PROTOCOL = r"""
*Identities* (float64). Gradients are compared with complex-step derivatives of the definition, exact to
rounding. At batches of two the gradient by the input is of the order of epsilon, so central differences of the
engine's loss are measured against the largest entry of all groups. Scale and offset act on all hidden weights
of digits networks, random and trained ({{ params.norm_epochs }} epochs at rate {{ params.norm_rate }}); the
norm is followed in two seeds.

*Mismatch.* {{ params.n_train }} training digits, {{ params.hidden }} hidden ReLU layers of {{ params.width }}
units, SGD, short batches left out. The gap is the loss over {{ params.gap_passes }} shuffled passes with
standing weights, once with batch and once with stored statistics, on the same batches; one rate ({{
params.gap_rate }}) for all batch sizes. A gap below {{ params.gap_floor }} counts as that. For accuracy every
normalisation is tuned at every batch size on the validation accuracy, and the test images are used once. Batch
renorm corrects from the second epoch, fully from the sixth.

*Speed.* {{ params.speed_train }} digits, rates tuned on the epochs to a training loss of {{ params.target }}
(evaluation mode, as a user would get it), at most {{ params.speed_epochs }}; a run that does not get there
counts as that. Seconds are epochs times the fastest of {{ params.timing_repeats }} timings of one thread.

*Highest rate.* {{ params.rate_points }} rates from {{ params.rate_low }}, four per decade,
{{ params.rate_epochs }} epochs; the highest that ends below {{ params.rate_loss }}, whatever happens below it;
none counts as one step below the grid.

*Depth.* Stacks of {{ params.deep }} layers, width {{ params.deep_width }}, {{ params.deep_batch }} Gaussian
examples, a Gaussian gradient at the output; growth is fitted without the {{ params.deep_skip }} layers next to
the output, where it sets in. They are computed in NumPy, since the engine keeps no gradient by layer. Trained
stacks: {{ params.deep_epochs }} epochs, batches of 20; the residual network without batch norm scales its
branches by depth^-1/2.
"""
SCOPE = r"""
Small fully connected networks on the digits with SGD without momentum: no convolutions, so folding into one is not
tested here, and no second data set.

*Gap.* It is no power law: with epochs held fixed, {{ finding["gap-slope"].note.split("; ")[0] }}; with steps,
{{ finding["gap-slope-steps"].note.split("; ")[0] }}. Its size and exponent depend on the rate and on what is held
fixed; at other rates,
{{ finding["gap-slope-rates"].note.split("what is fixed, ")[1].split("; ")[0] }}. It comes from the noise of small
batches itself, not from poor stored statistics: exact ones change it little
({{ finding["recalibrated-full"].note.split("; ")[0] }}), averaged ones too
({{ finding["recalibrated-batches"].note.split("; ")[0] }}). For the full batch it is 0 only with the biased variance;
the stored one is unbiased.

*Accuracy.* A rate with the best median over a few tuning seeds can lie at the edge of stability, where single runs
of the plain network fail: hence its wide intervals. The comparison at batches of {{ params.large }} belongs to the
registered criterion, so that the claim gets no better a word than it, though it is about accuracy and not about the
mismatch: {{ finding["large-batches"].note }}.

*Speed.* A point also fails where the ratio of epochs is shown to be smaller than {{ params.speed_factor }}.
Ratios, plain
over batch norm, in the order of the points:
{{ finding["fewer-epochs"].note.split("ratios ")[1].split("; ")[0] }}; at
batches of {{ params.small_batch }}: {{ finding["fewer-small"].note.split("ratios ")[1].split("; ")[0] }}; in seconds:
{{ finding["fewer-seconds"].note.split("ratios ")[1].split("; ")[0] }}. Timings depend on the machine and on what else
it does.

*Highest rate* says that training does not fail, not that such a rate is best. Ratios of highest rates, in the order of
the points: {{ finding["higher-rate"].note.split("ratios ")[1].split("; ")[0] }} as geometric means,
{{ finding["higher-rate"].note.split("medians ")[1].split("; ")[0] }} as medians. A seed without any rate that works
counts as one step below the grid, so where there are some the mean is set by the grid's lower end and by the epochs
allowed, and is no ratio of limits; no rate works for
{{ finding["higher-rate"].note.split("no rate works for ")[1].split("; ")[0] }}.

*Depth.* At the start batch norm does stop gradients from vanishing, but in ReLU stacks by making them grow; what trains
deep stacks is the residual connection
(with batch norm inside, its accuracy differs by {{ finding["residual-alone"].estimate }}).

The quick profile cuts epochs, depths, batch sizes and grids before seeds.
"""
