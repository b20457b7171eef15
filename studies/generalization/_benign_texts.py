"""Theory, protocol, scope and figure description of `benign_overfitting`."""

ALT = (
    "Seven panels and six small ones. A smooth curve leaves its course only on needles that reach 15 noisy points. "
    "Risk on a grid against features per example: with power weights it stays at two thirds of the noise, with "
    "equal weights at that of predicting zero, with bilevel weights it falls, all on dashed theory. Map of the risk "
    "over light weight and features per example with a dark valley along the predicted best tail. Median risk at "
    "random points: a peak of many powers of ten where features equal points, then floors that depend on the "
    "weights; no peak on the grid. Risk of least squares on Gaussian features on its formula, with a peak at 40 "
    "features that ridge removes. Noise passed on against sample size: constant for power spectra, falling for flat "
    "tails. Median risk against the number of polynomials: down, a peak at 15, down again. Six fits: too stiff, "
    "good, wiggling, wild, still wild, calm again."
)

THEORY = r"""
**Regular grid.** At $x_l = l/n$ the $d = nM$ features $e^{2\pi i k x}$ only depend on $j = k \bmod n$: every class of
$M$ frequencies is one column. The fit that interpolates with least $\sum_k |a_k|^2/\lambda_k$ (where gradient descent
from 0 ends when feature $k$ is multiplied by $\sqrt{\lambda_k}$) therefore shares the discrete Fourier coefficient
$\hat y_j$ out in proportion to the weights: $a_k = \lambda_k\,\hat y_j/\Lambda_j$ with
$\Lambda_j = \sum_{k \in j}\lambda_k$ (Muthukumar, Vodrahalli, Subramanian & Sahai 2020). With
$A_j = \sum_{k \in j} a^*_k$ the risk at a uniform point is
$$\sum_k \Bigl|\frac{\lambda_k}{\Lambda_j} A_j - a^*_k\Bigr|^2 + \frac{\sigma^2}{n} \sum_k
\Bigl(\frac{\lambda_k}{\Lambda_j}\Bigr)^2 .$$
Equal weights divide noise *and* signal by $M$: the noise becomes harmless, the signal is lost to its aliases, and what
remains is the risk of predicting 0. Bilevel weights, 1 for $|k| \le S$ and $\gamma$ beyond, keep a low frequency by
$1/(1 + T)$, $T = (M - 1)\gamma$. The light tail acts as ridge regression of strength $T$ on the $s = 2S + 1$ heavy
features, while what is left over goes into needles of energy $O(1/M)$. For $M \to \infty$ the best tail is
$T = \sigma^2 s/(n\,\|a^*\|^2)$. The fit is benign if $s/n \to 0$, $M \to \infty$ and $T \to 0$. Weights
$(1 + |k|)^{-a}$, $a > 1$, are in between: for $M$, then $n \to \infty$ a fixed share of the noise stays,
$2\int_0^{1/2} \frac{\zeta(2a,t) + \zeta(2a,1-t)}{[\zeta(a,t) + \zeta(a,1-t)]^2}\,dt$, which is $2/3$ for $a = 2$.
On this grid no share exceeds 1, since $\sum \lambda^2 \le \Lambda^2$, and at $M = 1$ it is 1 for any weights.

**Random points** make the feature matrix nearly singular at $p = n$; the risk then has such heavy tails that only its
median, or its logarithm, is worth a comparison. Below $n$ weights play no part, beyond it they decide where the descent
ends.

**Gaussian features.** For covariance eigenvalues $\lambda_1 \ge \lambda_2 \ge \dots$ let $r_k = \sum_{i>k}\lambda_i/
\lambda_{k+1}$, $R_k = (\sum_{i>k}\lambda_i)^2/\sum_{i>k}\lambda_i^2$ and $k^* = \min\{k : r_k \ge b\,n\}$. Up to
constants the interpolator passes on $\sigma^2 (k^*/n + n/R_{k^*})$ of the noise (Bartlett, Long, Lugosi & Tsigler
2020). On the grid these are the two terms $s/n$ and $1/M$. The constants follow from the deterministic equivalent
$q/(n - q)$, $q = \sum (\lambda/(\lambda + t))^2$, with $t$ such that $\sum \lambda/(\lambda + t) = n$ (Hastie,
Montanari, Rosset & Tibshirani 2022); for $\lambda_k = k^{-a}$ it tends to $a - 1$ (Mallinar et al. 2022).

**Double descent.** Least squares on the first $p$ of $D$ independent standard normal features, the omitted energy
counted as noise, $e = \sigma^2 + \|b_{\mathrm{rest}}\|^2$, has expected risk $e\,(1 + \frac{p}{n - p - 1})$ for
$p \le n - 2$ and $\|b_{\mathrm{kept}}\|^2 (1 - \frac np) + e\,(1 + \frac{n}{p - n - 1})$ for $p \ge n + 2$ (Belkin,
Hsu & Xu 2020). With the penalty $p\,e/\|b_{\mathrm{kept}}\|^2$ ridge regression is, for a flat signal, as good as the
Bayes estimate for a signal of random direction, which more features cannot harm.
"""

PROTOCOL = r"""
The target is $\sin 2\pi x$ (energy 1/2) in one dimension; noise is normal with standard deviation {{ params.noise }},
on the grid {{ params.grid_noise }}.

*Grid:* n = {{ params.grid_points | join(", ") }}, M = {{ params.copies | join(", ") }}; weights equal, bilevel
(S = {{ params.low }}, light weight $M^{-{{ params.tail_power }}}$), $(1 + |k|)^{-a}$ with
a = {{ params.powers | join(", ") }}, and $e^{-|k|}$. Bias and variance are computed three ways: by the sums over
classes, by fits to the clean target and to one impulse with a fast Fourier transform, and by dense linear algebra
where n d is at most {{ params.dense_entries }}. {{ params.grid_seeds }} seeds with {{ params.grid_sets }} noise
vectors each give the measured risk. The
map has n = {{ params.map_points }} and {{ params.map_seeds }} seeds; the picture of one fit uses the best tail.

*Random points:* {{ seeds | length }} data sets of {{ params.points }} uniform points. The features are
$1, \sqrt 2\cos 2\pi k x, \sqrt 2\sin 2\pi k x$ times $k^{-a}$, a = {{ params.exponents | join(", ") }} (so that here
the weights of the norm are the squares). Least squares by singular values; those below {{ params.cutoff }} of the
largest are dropped; {{ finding["random-below-n"].note }}. The risk follows from the coefficients, exactly.

*Polynomials:* the same points and noise; Legendre polynomials of unit mean square times 1/degree, or unweighted, and
plain powers of $2x - 1$. The largest error is taken over {{ params.sup_points }} Chebyshev points.

*Double descent:* n = {{ params.examples }}, D = {{ params.features }}, a signal of unit energy that is flat or falls as
1/j; {{ params.sets }} data sets per seed, the seed's mean counting as one value. Expectations are compared for |p - n|
above {{ params.margin }} only, since their moments cease to exist towards p = n; peaks are located on the mean
logarithm.

*Spectra:* n = {{ params.rank_points | join(", ") }}, {{ params.rank_seeds }} seeds. $k^{-a}$ with
a = {{ params.tempered_powers | join(", ") }} and $1/((k+1)\ln^2(k+1))$ are endless: {{ params.rank_features }}
coordinates are drawn, the rest enters by its mean, because a cut would turn the end of the spectrum into a wall that
the larger n run into. {{ params.spikes }} unit eigenvalues or $e^{-k}$ stand before flat tails over
$n^{3/2}/2$ coordinates of total {{ params.tail_energy }} root n and {{ params.floor_energy }}. The noise passed on is
the exact conditional expectation given the features. Constant b = {{ params.rank_constant }}.
"""

SCOPE = r"""
One target, noise of constant variance, and estimators that are linear in the data; nothing here is trained by gradient
descent. On the grid the features are orthogonal, so there is no peak at $p = n$ at all: the peak is a matter of
conditioning. "Benign" is a statement about a sequence of problems: at M = n and light weights
$M^{-{{ params.tail_power }}}$ the risk falls ({{ finding["grid-benign"].note }}). For $a \le 1$ power weights are
benign only if M grows before n does: at fixed M their share of noise rises with n. With weights 1/degree the last
polynomial interpolator is useful, yet worse than the best small model ({{ finding["polynomial-best"].note }}). The
second descent of Gaussian least squares ends lower than any smaller model for a flat signal and higher for an ordered
one, whereas the first descent needs features in a good order: with a flat signal the risk rises from the first feature
on. The bound by effective ranks leaves its constants open, so only scaling is tested with it. "Stays" means a
slope within {{ params.flat }} of 0, not, as registered, an interval that contains 0: at finite n the deterministic
equivalent has a small slope itself, which enough seeds tell from 0. For 1/(k log^2 k) theory has about 1/log n;
measured: {{ finding["ranks-slow"].note }}.
"""
