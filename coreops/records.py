"""The schema: what one operation of a plan, one row of a table and one outcome look like in memory.

Networks and runs are data. Kernels read these records and nothing else, so a new architecture, optimizer
setting or schedule never compiles anything. Offsets count elements from the start of a row's arena.
"""

import numpy as np

# Operation kinds. The interpreter dispatches on them; losses come last.
DENSE, SCALE, RECTIFIER, SIGMOID, TANH = 1, 2, 3, 4, 5
LAST_FEATUREWISE = TANH  # of those after DENSE, which act on each feature alone
RESIDUAL, SOFTPLUS, THRESHOLD, PRELU, MAXOUT, SINUSOID = 6, 7, 8, 9, 10, 11
CONCATENATE, SCALED_TANH = 12, 13
CONVOLUTION, LOCALLY_CONNECTED, MAX_POOL, AVERAGE_POOL = 20, 21, 22, 23
BATCH_NORM, BATCH_RENORM, GROUP_NORM, WEIGHT_NORM, BATCH_MEAN = 30, 31, 32, 33, 34
DROPOUT, DROP_CONNECT, NOISE, WEIGHT_NOISE = 40, 41, 42, 43
SQUARED_ERROR, LINEAR_LOSS, BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY = 100, 101, 102, 103
SIGMOID_SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, HINGE, LOGISTIC, SOFTMAX_SQUARED_ERROR = 104, 105, 106, 107, 108, 109
# What acts on each element alone: layers whose slope is a number per unit.
ELEMENTWISE = (RECTIFIER, SIGMOID, TANH, SCALED_TANH, SOFTPLUS, THRESHOLD, PRELU, SINUSOID)
# Activations whose derivative follows from their output, and what may lie before them if that output is to overwrite
# their input: operations whose backward pass does not look at what they computed.
OVERWRITING = (RECTIFIER, SIGMOID, TANH)
OVERWRITABLE = (DENSE, SCALE, CONVOLUTION, LOCALLY_CONNECTED, BATCH_NORM, BATCH_RENORM, GROUP_NORM, RESIDUAL)

# Modes: bits passed with the number of examples, so that training and evaluation are the same function.
TRAIN = 1  # the loss leaves its gradient behind
COUNT_ERRORS = 2
INPUT_GRADIENT = 4  # also of the network's input
NO_PARAMETER_GRADIENT = 8
NO_LOSS = 16
SAMPLE = 32  # dropout and noise draw
BATCH_STATISTICS = 64  # normalise with the batch's own statistics, not the running ones
UPDATE_STATISTICS = 128  # move the running statistics towards the batch's
RECALIBRATE = 256  # ... as the average over all batches since they were cleared, instead of exponentially

# Operand flags. ADD: an earlier operation of the backward pass already wrote this gradient, so add to it.
# SKIP: nothing learned lies upstream, so this gradient is wanted with INPUT_GRADIENT only.
ADD_DX, ADD_DX2, ADD_DW, ADD_DB, SKIP_DX, SKIP_DX2 = 1, 2, 4, 8, 16, 32

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
        ("w", np.int64),  # weights: learned, fixed (dw is NONE) or, once per batch, in work
        ("dw", np.int64),
        ("b", np.int64),  # bias, or NONE
        ("db", np.int64),
        ("stats", np.int64),  # running statistics
        ("work", np.int64),  # scratch of this operation
        ("examples", np.int64),  # how many it has room for at a time
        ("n_in", np.int64),  # elements per example
        ("n_out", np.int64),
        ("dims", np.int64, 16),  # channels, height, width, kernel, stride, padding, ...
        ("ordinal", np.int64),  # the k-th of its sort: keys its random stream
        ("flags", np.int64),
        ("slope", np.float64),
        ("rate", np.float64),
        ("eps", np.float64),
        ("decay", np.float64),
    ],
    align=True,
)

ROW = np.dtype(
    [
        ("seed", np.uint64),
        ("mode", np.int64),  # of training
        ("n_theta", np.int64),  # learned values, of which the first n_weights are penalised
        ("n_weights", np.int64),
        ("grad", np.int64),
        ("stats", np.int64),
        ("n_stats", np.int64),
        ("inputs", np.int64),  # where the batch is gathered
        ("input_gradient", np.int64),
        ("targets", np.int64),
        ("example_weights", np.int64),  # NONE: all 1
        ("n_in", np.int64),
        ("n_target", np.int64),
        ("capacity", np.int64),
        ("optimizer", np.int64),
        ("n_state", np.int64),  # elements of the optimizer's state; scratch of the extra passes follows
        ("lr", np.float64),
        ("beta1", np.float64),  # momentum, or the decay of the first moment
        ("beta2", np.float64),  # decay of the second moment
        ("eps", np.float64),
        ("eps_inside", np.int64),
        ("correct_bias", np.int64),
        ("weight_decay", np.float64),  # decoupled
        ("start", np.float64),  # updates before averaging, or the size of the steps before the first
        ("penalty", np.int64),
        ("l1", np.float64),  # strength, or the radius of MaxNorm
        ("l2", np.float64),
        ("jacobian", np.float64),  # strength of the Jacobian penalty, 0: none
        ("jacobian_step", np.float64),
        ("attack_radius", np.float64),
        ("attack_step", np.float64),
        ("attack_steps", np.int64),  # 0: no adversarial training
        ("attack_random_start", np.int64),
        ("attack_low", np.float64),
        ("attack_high", np.float64),
        ("target_noise", np.float64),
        ("gradient_tolerance", np.float64),
        ("schedule", np.int64),
        ("schedule_rate", np.float64),
        ("schedule_every", np.int64),
        ("warmup", np.int64),  # steps over which the rate rises, 0: none
        ("sampling", np.int64),
        ("sampling_rate", np.float64),
        ("sampling_every", np.int64),
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
COLUMNS = len(CURVES)

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
