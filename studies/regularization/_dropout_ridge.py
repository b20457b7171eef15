"""Linear regression under dropped inputs: the penalty that it adds, its minimiser, and masked gradient descent."""

import numpy as np

from coreops import SGD, Data, Dense, Dropout, Network, Run, SquaredError
from studies.harness import datasets
from studies.regularization._dropout_masks import frame, masks, normals


def examples(p, rescaled=True):
    """(X, y) of the diabetes data, training part of seed 1000: y standardised, features in units of their own."""
    X, y = datasets.diabetes(1000, dtype="float64").part("train")
    units = np.geomspace(*p.feature_scales, X.shape[1])
    return X * units if rescaled else X, (y - y.mean()) / y.std()


def enumerated_loss(X, y, w, rate):
    """sum_i E (y_i - sum_j m_j x_ij w_j / (1 - q))^2 over all masks."""
    m, weight = masks(w.size, rate)
    return float(weight @ ((y - (m * w / (1 - rate)) @ X.T) ** 2).sum(1))


def penalised_loss(X, y, w, rate):
    return float(((y - X @ w) ** 2).sum() + rate / (1 - rate) * (X**2).sum(0) @ w**2)


def enumerated_minimiser(X, y, rate):
    """Solves the normal equations whose second moments are averaged over all masks."""
    m, weight = masks(X.shape[1], rate)
    moment = (m.T * weight) @ m / (1 - rate) ** 2
    return np.linalg.solve(moment * (X.T @ X), (weight @ m) / (1 - rate) * (X.T @ y))


def ridge(X, y, rate, weighted=True):
    """Minimiser with a penalty q/(1-q) ||x_j||^2 on w_j^2; unweighted: with the mean of these for all."""
    energy = (X**2).sum(0)
    energy = energy if weighted else np.full_like(energy, energy.mean())
    return np.linalg.solve(X.T @ X + rate / (1 - rate) * np.diag(energy), X.T @ y)


def descent(p, seeds, sweep):
    """Averages of the second half of the iterates; with fresh masks for every example and step."""
    X, y = examples(p)
    data, runs = Data(X, y), []
    for rate in p.ridge_rates:
        net = Network(Dropout(rate), Dense(X.shape[1], 1, bias=False), loss=SquaredError(), dtype="float64")
        runs += [
            Run(
                net,
                optimizer=SGD(p.ridge_step_size * (1 - rate)),
                batch_size=None,
                epochs=p.ridge_steps,
                seed=seed,
                data=data,
                evaluate_every=0,
                record_theta_every=10,
                theta0=np.zeros(X.shape[1]),
            )
            for seed in seeds
        ]
    out, table = [], sweep(runs)
    for i, (rate, seed) in enumerate((rate, seed) for rate in p.ridge_rates for seed in seeds):
        path = table[i].step_theta
        out.append(frame("descent", "SGD", seed, rate, "w", path[len(path) // 2 :].mean(0), ridge(X, y, rate)))
    return out


def measure(p, seeds, sweep):
    X, y = examples(p)
    plain, _ = examples(p, rescaled=False)
    out = []
    for rate in p.ridge_rates:
        for k in range(p.layers):
            w = normals(1000 + k, 6, X.shape[1]) / X.std(0)
            loss = enumerated_loss(X, y, w, rate), penalised_loss(X, y, w, rate)
            out.append(frame("ridge", "loss", 1000 + k, rate, "loss", *loss))
        best = enumerated_minimiser(X, y, rate)
        out.append(frame("ridge", "weighted", 1000, rate, "w", best, ridge(X, y, rate)))
        out.append(frame("ridge", "unweighted", 1000, rate, "w", best, ridge(X, y, rate, weighted=False)))
        before = plain @ enumerated_minimiser(plain, y, rate)
        out.append(frame("ridge", "dropout", 1000, rate, "prediction", X @ best, before))
        before, after = (A @ ridge(A, y, rate, weighted=False) for A in (plain, X))
        out.append(frame("ridge", "plain ridge", 1000, rate, "prediction", after, before))
    return out + descent(p, seeds, sweep)
