"""The schema: what one operation of a plan, one row of a table and one outcome look like in memory.

Networks and runs are data. Kernels read these records and nothing else, so a new architecture, optimizer
setting or schedule never compiles anything. Offsets count elements from the start of a row's arena.
"""

import numpy as np

# Operation kinds. The interpreter dispatches on them; losses come last.
DENSE, SCALE, RECTIFIER, SIGMOID, TANH = 1, 2, 3, 4, 5
SQUARED_ERROR, LINEAR_LOSS, BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY, SIGMOID_SQUARED_ERROR = (
    100,
    101,
    102,
    103,
    104,
)

# Modes: bits passed with the number of examples, so that training and evaluation are the same function.
TRAIN, COUNT_ERRORS, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, NO_LOSS = 1, 2, 4, 8, 16

# Operand flags: set when an earlier operation of the backward pass already wrote this gradient.
ADD_DX, ADD_DX2, ADD_DW, FIRST = 1, 2, 4, 8

NONE = -1  # an operand that is not there

OP = np.dtype(
    [
        ("kind", np.int64),
        ("x", np.int64),  # input (m, n_in) and its gradient
        ("dx", np.int64),
        ("x2", np.int64),  # second input, for operations that join two
        ("dx2", np.int64),
        ("y", np.int64),  # output (m, n_out) and its gradient
        ("dy", np.int64),
        ("w", np.int64),  # weights, in theta or (tied, normalised, masked) in work
        ("dw", np.int64),
        ("b", np.int64),  # bias, or NONE
        ("db", np.int64),
        ("aux", np.int64),  # scratch of this operation in work, or its slice of stats
        ("n_in", np.int64),  # elements per example
        ("n_out", np.int64),
        ("dims", np.int64, 8),  # channels, height, width, kernel, stride, padding, ...
        ("ordinal", np.int64),  # the k-th of its sort: keys its random stream
        ("flags", np.int64),
        ("slope", np.float64),
        ("rate", np.float64),
    ],
    align=True,
)

ROW = np.dtype(
    [
        ("seed", np.uint64),
        ("n_theta", np.int64),  # learned values, of which the first n_weights are penalised
        ("n_weights", np.int64),
        ("grad", np.int64),
        ("stats", np.int64),
        ("n_stats", np.int64),
        ("inputs", np.int64),  # where the batch is gathered
        ("targets", np.int64),
        ("n_in", np.int64),
        ("n_target", np.int64),
        ("capacity", np.int64),
        ("optimizer", np.int64),
        ("n_state", np.int64),  # elements that the optimizer keeps
        ("lr", np.float64),
        ("beta1", np.float64),  # momentum, or the decay of the first moment
        ("beta2", np.float64),  # decay of the second moment
        ("eps", np.float64),
        ("eps_inside", np.int64),
        ("correct_bias", np.int64),
        ("weight_decay", np.float64),  # decoupled
        ("start", np.float64),  # updates before averaging, or the size of the steps before the first
        ("schedule", np.int64),
        ("schedule_rate", np.float64),
        ("schedule_every", np.int64),
        ("warmup", np.int64),  # steps over which the rate rises, 0: none
        ("sampling", np.int64),
        ("batch_size", np.int64),
        ("drop_last", np.int64),
        ("epochs", np.int64),
        ("evaluate_every", np.int64),
        ("record_loss_every", np.int64),
        ("record_theta_every", np.int64),
        ("patience", np.int64),  # 0: no early stopping
        ("min_delta", np.float64),
        ("monitor", np.int64),  # the column of `curves` that early stopping watches
    ],
    align=True,
)

# Columns of a row's per-epoch curves.
LOSS, ERROR, VALIDATION_LOSS, VALIDATION_ERROR, BATCH_LOSS = 0, 1, 2, 3, 4
CURVES = ("loss", "error", "validation_loss", "validation_error", "batch_loss")

OUTCOME = np.dtype(
    [
        ("status", np.int64),
        ("diverged_step", np.int64),  # 1-based, 0: none
        ("epochs_run", np.int64),
        ("steps", np.int64),
        ("best_epoch", np.int64),  # 1-based, 0: none
    ],
    align=True,
)
COMPLETED, STOPPED, DIVERGED = 0, 1, 2
STATUS = ("completed", "stopped", "diverged")
