"""Samplers: visits(spec, labels, targets, batch_size, epoch) -> (batches, n), the expected visits of each example.

For those that involve no chance these are the batches themselves.
"""

from fractions import Fraction

import numpy as np


def batches(n, batch_size, full=False):
    """Sizes of the batches of an epoch: the last is short, unless all are full."""
    sizes = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    return [batch_size] * len(sizes) if full else sizes


def in_order(order, batch_size):
    """The visits of batches cut from a fixed order."""
    result = np.zeros((len(batches(len(order), batch_size)), len(order)))
    for place, example in enumerate(order):
        result[place // batch_size, example] += 1
    return result


def cyclic(spec, labels, targets, batch_size, epoch):
    """0, 1, ..., n - 1.   Bertsekas 2011."""
    return in_order(range(len(targets)), batch_size)


def sorted_cyclic(spec, labels, targets, batch_size, epoch):
    """All of the first class, then of the second, ...; without classes by the first target.   Bottou 2009."""
    key = targets[:, 0] if labels is None else labels
    return in_order(sorted(range(len(targets)), key=lambda i: key[i]), batch_size)


def permutation(spec, labels, targets, batch_size, epoch):
    """Without replacement: a batch of b has every example with probability b/n.   Fisher & Yates 1938."""
    n = len(targets)
    return np.array([[b / n] * n for b in batches(n, batch_size)])


def with_replacement(spec, labels, targets, batch_size, epoch):
    """Every draw is any example with probability 1/n.   Robbins & Monro 1951."""
    n = len(targets)
    return np.array([[b / n] * n for b in batches(n, batch_size, full=True)])


def stratified(spec, labels, targets, batch_size, epoch):
    """b_kc of the n_c members of class c, each as likely.   Cochran 1977, chapter 5.

    Full batches: class c takes the whole part of b n_c/n, and one more if an integer lies in (s_{c-1} + u, s_c + u],
    s the running sums of the fractional parts, u the batch's own shift (Madow & Madow 1944): j/K for the batch whose
    k (sqrt(5) - 1)/2 has the j-th smallest fractional part. The last short batch takes what is left.
    """
    n, counts = len(labels), np.bincount(labels)
    full = n // batch_size
    fractional = [k * ((5**0.5 - 1) / 2) % 1 for k in range(full)]
    rows, left = [], counts.copy()
    for k in range(full):
        shift, total, row = Fraction(sorted(fractional).index(fractional[k]), full), Fraction(0), []
        for count in counts:
            share = Fraction(batch_size * int(count), n)
            before, total = total, total + share - int(share)
            row.append(int(share) + int(total + shift) - int(before + shift))
        rows.append(np.array(row))
        left -= rows[-1]
    rows += [left] if left.any() else []
    return np.array([row[labels] / counts[labels] for row in rows])


def class_balanced(spec, labels, targets, batch_size, epoch):
    """Every draw is of any class with probability 1/C, and of its n_c members each as likely.   He & Garcia 2009."""
    counts = np.bincount(labels)
    return np.array([b / (len(counts) * counts[labels]) for b in batches(len(labels), batch_size, full=True)])


def curriculum(spec, labels, targets, batch_size, epoch):
    """Any of the ceil(share n) easiest, share growing linearly from `start` to 1.   Bengio et al. 2009."""
    n = len(targets)
    share = min(Fraction(1), Fraction(str(spec.start)) + (1 - Fraction(str(spec.start))) * epoch / spec.epochs)
    easiest = sorted(range(n), key=lambda i: spec.difficulty[i])[: -(-share * n // 1)]
    return np.array([[b / len(easiest) * (i in easiest) for i in range(n)] for b in batches(n, batch_size, full=True)])


def importance(spec, labels, targets, batch_size, epoch):
    """Every draw is example i with probability p_i.   Kahn & Marshall 1953."""
    p = np.array(spec.probabilities) / np.sum(spec.probabilities)
    return np.array([b * p for b in batches(len(p), batch_size, full=True)])


SAMPLING = {
    "Cyclic": cyclic,
    "Stream": cyclic,
    "SortedCyclic": sorted_cyclic,
    "Reshuffle": permutation,
    "ShuffleOnce": permutation,
    "WithReplacement": with_replacement,
    "Stratified": stratified,
    "ClassBalanced": class_balanced,
    "Curriculum": curriculum,
    "ImportanceSampling": importance,
}
