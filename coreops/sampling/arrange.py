"""The kernels that put the positions of an epoch in order."""

import numpy as np

from coreops.rng import ORDER, below, draw
from coreops.sampling.base import (
    BALANCED,
    CURRICULUM,
    CYCLIC,
    RANKED,
    REPLACEMENT,
    RESHUFFLE,
    STRATIFIED,
)
from coreops.target import barrier, kernel, lane, lanes


@kernel(inline=True)
def arrange(row, epoch, n, groups, order):
    """Write the epoch's positions into `order`: order[b * batch_size + i] is example i of batch b."""
    kind = row["sampling"]
    if kind >= RANKED:
        arrange_groups(row, epoch, n, groups, order)
        return
    if kind == REPLACEMENT:
        for block in range(lane(), (order.size + 3) // 4, lanes()):
            words = draw(row["seed"], ORDER, kind, epoch, block)
            for k in range(4):
                if 4 * block + k < order.size:
                    order[4 * block + k] = below(words[k], n)
        barrier()
        return
    if epoch > 0 and kind != RESHUFFLE:
        return
    for i in range(lane(), n, lanes()):
        order[i] = i
    barrier()
    if kind != CYCLIC and lane() == 0:
        for block in range((n + 3) // 4):
            words = draw(row["seed"], ORDER, kind, epoch, block)
            for k in range(4):
                i = n - 1 - 4 * block - k
                if i > 0:
                    j = below(words[k], i + 1)
                    order[i], order[j] = order[j], order[i]
    barrier()


@kernel
def arrange_groups(row, epoch, n, groups, order):
    """The sorted and the stratified order; for the others, i.i.d. draws from a class, a share or a distribution."""
    kind = row["sampling"]
    if kind == RANKED:
        for i in range(lane(), n, lanes()):
            order[i] = groups[i]
        barrier()
    elif kind == STRATIFIED:
        arrange_strata(row, epoch, n, groups, order)
    else:
        draw_groups(row, epoch, n, groups, order)


@kernel
def arrange_strata(row, epoch, n, groups, order):
    """groups: number of classes, where each begins, members by class, and the places that each class takes."""
    classes = groups[0]
    offsets, members, places = groups[1 : classes + 2], groups[classes + 2 :], groups[classes + 2 + n :]
    for i in range(lane(), n, lanes()):
        order[places[i]] = members[i]
    barrier()
    for c in range(lane(), classes, lanes()):  # Fisher-Yates within a class, by one lane
        for i in range(offsets[c + 1] - 1, offsets[c], -1):
            word = draw(row["seed"], ORDER, row["sampling"], epoch, i)[0]
            a, b = places[i], places[offsets[c] + below(word, i - offsets[c] + 1)]
            order[a], order[b] = order[b], order[a]
    barrier()


@kernel
def draw_groups(row, epoch, n, groups, order):
    """groups: as above without places (balanced), positions from easy to hard, or edges on [0, 2^32)."""
    kind, blocks = row["sampling"], (order.size + 3) // 4
    share = min(1.0, row["sampling_rate"] + (1.0 - row["sampling_rate"]) * epoch / row["sampling_every"])
    easiest = min(n, np.int64(share * n - 1e-9) + 1)  # the ceiling, of 0.6 n, not 0.6000000000000001 n
    classes, first = groups[0], np.int64(0)
    if kind == BALANCED:
        first = below(draw(row["seed"], ORDER, kind, epoch, blocks)[0], classes)
    for block in range(lane(), blocks, lanes()):
        words = draw(row["seed"], ORDER, kind, epoch, block)
        for k in range(4):
            i = 4 * block + k
            if i < order.size:
                if kind == BALANCED:
                    c = (first + i) % classes
                    begin, end = groups[1 + c], groups[2 + c]
                    order[i] = groups[classes + 2 + begin + below(words[k], end - begin)]
                elif kind == CURRICULUM:
                    order[i] = groups[below(words[k], easiest)]
                else:
                    order[i] = interval(groups, np.int64(words[k]))
    barrier()


@kernel
def interval(edges, value):
    """The first i with value < edges[i]."""
    low, high = 0, edges.size - 1
    while low < high:
        middle = (low + high) // 2
        if value < edges[middle]:
            high = middle
        else:
            low = middle + 1
    return low
