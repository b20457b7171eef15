"""Optimizers: one step of each. `gradient` is a function of w; t = 1, 2, ...

`state` is a dict of a rule's own that starts empty, or with "weights" (1 where theta is a weight, 0 at biases) and
"network" where a rule needs to know. A rule whose result is not w leaves it in state["result"].
"""

from itertools import pairwise, product

import numpy as np


def root(spec, total):
    """sqrt(G) + eps, or sqrt(G + eps) when the spec says so."""
    return np.sqrt(total + spec.eps) if spec.eps_inside else np.sqrt(total) + spec.eps


def divided(numerator, denominator):
    """0/0 = 0: a coordinate that never had a gradient stays where it is (matters only for eps = 0)."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=numerator != 0)


def sgd(spec, w, gradient, state, lr, t):
    """w <- w - a g(w).   Cauchy 1847; Robbins & Monro 1951."""
    return w - lr * gradient(w)


def heavy_ball(spec, w, gradient, state, lr, t):
    """v <- b v - a g(w);  w <- w + v.   Polyak 1964, eq. 9."""
    state["v"] = spec.momentum * state.get("v", 0.0) - lr * gradient(w)
    return w + state["v"]


def nesterov(spec, w, gradient, state, lr, t):
    """v <- b v - a g(w + b v);  w <- w + v.   Sutskever, Martens, Dahl & Hinton 2013, eq. 3-4."""
    v = state.get("v", np.zeros_like(w))
    state["v"] = spec.momentum * v - lr * gradient(w + spec.momentum * v)
    return w + state["v"]


def adagrad(spec, w, gradient, state, lr, t):
    """G <- G + g^2;  w <- w - a g/(sqrt(G) + eps).   Duchi, Hazan & Singer 2011, figure 1, diagonal case."""
    g = gradient(w)
    state["G"] = state.get("G", 0.0) + g**2
    return w - lr * divided(g, root(spec, state["G"]))


def rmsprop(spec, w, gradient, state, lr, t):
    """G <- d G + (1 - d) g^2;  w <- w - a g/(sqrt(G) + eps).   Tieleman & Hinton 2012, lecture 6.5."""
    g = gradient(w)
    state["G"] = spec.decay * state.get("G", 0.0) + (1 - spec.decay) * g**2
    return w - lr * divided(g, root(spec, state["G"]))


def adam(spec, w, gradient, state, lr, t):
    """m <- b1 m + (1-b1) g;  G <- b2 G + (1-b2) g^2;  w <- w - a (m/(1-b1^t))/(sqrt(G/(1-b2^t)) + eps).

    Kingma & Ba 2015, algorithm 1.
    """
    m, total = moments(spec, gradient(w), state)
    if spec.correct_bias:
        m, total = m / (1 - spec.beta1**t), total / (1 - spec.beta2**t)
    return w - lr * divided(m, root(spec, total))


def moments(spec, g, state):
    """m <- b1 m + (1-b1) g;  G <- b2 G + (1-b2) g^2, from 0.   Kingma & Ba 2015, algorithm 1."""
    state["m"] = spec.beta1 * state.get("m", 0.0) + (1 - spec.beta1) * g
    state["G"] = spec.beta2 * state.get("G", 0.0) + (1 - spec.beta2) * g**2
    return state["m"], state["G"]


def adamw(spec, w, gradient, state, lr, t):
    """Adam's step from w, plus -a lambda w for weights.   Loshchilov & Hutter 2019, algorithm 2."""
    moved = adam(spec, w, gradient, state, lr, t)
    return moved - lr * spec.weight_decay * w * state.get("weights", 1.0)


def amsgrad(spec, w, gradient, state, lr, t):
    """Adam with the largest G so far.   Reddi, Kale & Kumar 2018, algorithm 2."""
    m, total = moments(spec, gradient(w), state)
    state["history"] = [*state.get("history", []), total]
    largest = np.max(state["history"], axis=0)
    if spec.correct_bias:
        m, largest = m / (1 - spec.beta1**t), largest / (1 - spec.beta2**t)
    return w - lr * divided(m, root(spec, largest))


def ema_momentum(spec, w, gradient, state, lr, t):
    """v_t = (1 - b) sum_{s<=t} b^(t-s) g_s;  w <- w - a v_t.   Kingma & Ba 2015, section 3."""
    state["past"] = [*state.get("past", []), gradient(w)]
    b = spec.momentum
    return w - lr * (1 - b) * sum(b ** (t - s) * g for s, g in enumerate(state["past"], 1))


def accelerated_gradient(spec, w, gradient, state, lr, t):
    """x_k = y_k - a g(y_k);  y_{k+1} = x_k + (t_k - 1)/t_{k+1} (x_k - x_{k-1}).   Beck & Teboulle 2009, eq. 4.1-4.3."""
    y, s = state.get("y", w), state.get("t", 1.0)
    x = y - lr * gradient(y)
    state["t"] = (1 + np.sqrt(1 + 4 * s**2)) / 2
    state["y"] = x + (s - 1) / state["t"] * (x - w)
    return x


def adadelta(spec, w, gradient, state, lr, t):
    """dx = -RMS[dx]_{t-1}/RMS[g]_t g with RMS[x] = sqrt(E[x^2] + eps).   Zeiler 2012, algorithm 1."""
    return _adadelta(spec, w, gradient(w), state, lr, lambda mean: np.sqrt(mean + spec.eps))


def slide_adadelta(spec, w, gradient, state, lr, t):
    """As printed: sqrt(E[x^2]) + eps in the place of Zeiler's 2012 RMS (erratum E14)."""
    return _adadelta(spec, w, gradient(w), state, lr, lambda mean: np.sqrt(mean) + spec.eps)


def _adadelta(spec, w, g, state, lr, rms):
    """Zeiler 2012, algorithm 1, for either RMS."""
    d = spec.decay
    state["G"] = d * state.get("G", 0.0) + (1 - d) * g**2
    moved = state.get("D", np.full_like(w, spec.start**2))
    change = divided(-rms(moved) * g, rms(state["G"]))
    state["D"] = d * moved + (1 - d) * change**2
    return w + lr * change


def sign_descent(spec, w, gradient, state, lr, t):
    """w <- w - a sign(g).   Bernstein, Wang, Azizzadenesheli & Anandkumar 2018, algorithm 1."""
    return w - lr * np.sign(gradient(w))


def averaged_sgd(spec, w, gradient, state, lr, t):
    """SGD; the result is the mean of all w after the first `start` of them.   Polyak & Juditsky 1992, section 2."""
    w = w - lr * gradient(w)
    state["past"] = [*state.get("past", []), w]
    kept = state["past"][spec.start :]
    state["result"] = np.mean(kept, axis=0) if kept else w
    return w


def full_matrix_adagrad(spec, w, gradient, state, lr, t):
    """G = H^T H, gradients in the rows of H = U S V^T, so that G^(-1/2) = V S^-1 V^T.   Duchi et al. 2011, fig. 1."""
    g = gradient(w)
    state["H"] = [*state.get("H", []), g]
    _, s, v = np.linalg.svd(np.array(state["H"]), full_matrices=False)
    s, v = s[s > 1e-12 * s[0]], v[s > 1e-12 * s[0]]
    return w - lr * v.T @ divided(v @ g, root(spec, s**2))


def path_sgd(spec, w, gradient, state, lr, t):
    """Every path from an input, or from a bias, to an output, one by one.   Neyshabur et al. 2015, section 4."""
    network, g = state["network"], gradient(w)
    layers = sorted({int(name.split(".")[0]) for name in network.parameters(w)})
    gamma = np.zeros_like(w)
    value, total = network.parameters(w), network.parameters(gamma)
    widths = [range(value[f"{k}.weight"].shape[1]) for k in layers]
    for first, k in enumerate(layers):
        # paths that start at this layer: from an input of the network, or along a bias
        entries = [(f"{k}.weight", (i,)) for i in range(value[f"{k}.weight"].shape[0])] if first == 0 else []
        entries += [(f"{k}.bias", ())] if f"{k}.bias" in value else []
        for (name, source), units in product(entries, product(*widths[first:])):
            edges = [(name, (*source, units[0]))]
            edges += [(f"{n}.weight", pair) for n, pair in zip(layers[first + 1 :], pairwise(units), strict=True)]
            for edge in edges:
                total[edge[0]][edge[1]] += np.prod([value[n][index] ** 2 for n, index in edges if (n, index) != edge])
    return w - lr * divided(g, np.maximum(gamma, spec.eps))


def slide_momentum(spec, w, gradient, state, lr, t):
    """As printed: v <- b v + a g(w);  w <- b w - v (erratum E21; Polyak 1964 has w - v)."""
    state["v"] = spec.momentum * state.get("v", 0.0) + lr * gradient(w)
    return spec.momentum * w - state["v"]


def slide_nesterov(spec, w, gradient, state, lr, t):
    """As printed: v <- b v + a g(w - b v);  w <- b w - v (erratum E21; Sutskever et al. 2013 have w - v)."""
    v = state.get("v", np.zeros_like(w))
    state["v"] = spec.momentum * v + lr * gradient(w - spec.momentum * v)
    return spec.momentum * w - state["v"]


def slide_mean_adagrad(spec, w, gradient, state, lr, t):
    """As printed: the mean of all g^2 so far, not their sum (erratum E24; Duchi et al. 2011 have the sum)."""
    g = gradient(w)
    state["past"] = [*state.get("past", []), g**2]
    return w - lr * divided(g, root(spec, np.mean(state["past"], axis=0)))


def slide_adam(spec, w, gradient, state, lr, t):
    """As printed: m <- b2 m + (1-b1) g, divided by 1 - b1^t; eps inside (erratum E25; Kingma & Ba 2015 have b1 m)."""
    g = gradient(w)
    state["m"] = spec.beta2 * state.get("m", 0.0) + (1 - spec.beta1) * g
    state["G"] = spec.beta2 * state.get("G", 0.0) + (1 - spec.beta2) * g**2
    m, total = state["m"] / (1 - spec.beta1**t), state["G"] / (1 - spec.beta2**t)
    return w - lr * divided(m, np.sqrt(total + spec.eps))


OPTIMIZERS = {
    "SGD": sgd,
    "HeavyBall": heavy_ball,
    "Nesterov": nesterov,
    "AdaGrad": adagrad,
    "RMSProp": rmsprop,
    "Adam": adam,
    "AdamW": adamw,
    "AMSGrad": amsgrad,
    "EMAMomentum": ema_momentum,
    "AcceleratedGradient": accelerated_gradient,
    "Adadelta": adadelta,
    "SignDescent": sign_descent,
    "AveragedSGD": averaged_sgd,
    "FullMatrixAdaGrad": full_matrix_adagrad,
    "PathSGD": path_sgd,
    "SlideMomentum": slide_momentum,
    "SlideNesterov": slide_nesterov,
    "SlideMeanAdaGrad": slide_mean_adagrad,
    "SlideAdam": slide_adam,
    "SlideAdadelta": slide_adadelta,
}
