"""Optimizers: one step of each. `gradient` is a function of w; `state` is a dict that starts empty; t = 1, 2, ..."""

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
    g = gradient(w)
    state["m"] = spec.beta1 * state.get("m", 0.0) + (1 - spec.beta1) * g
    state["G"] = spec.beta2 * state.get("G", 0.0) + (1 - spec.beta2) * g**2
    m, total = state["m"] / (1 - spec.beta1**t), state["G"] / (1 - spec.beta2**t)
    return w - lr * divided(m, root(spec, total))


OPTIMIZERS = {
    "SGD": sgd,
    "HeavyBall": heavy_ball,
    "Nesterov": nesterov,
    "AdaGrad": adagrad,
    "RMSProp": rmsprop,
    "Adam": adam,
}
