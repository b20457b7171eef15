"""Vectors of rows on the CPU: an element of each of the rows abreast, in the function that is being built."""

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from coreops.emitter import Emitter

BYTES = 64  # of a vector: two registers of most CPUs, so that one works while the other waits
INT, DOUBLE = ir.IntType(64), ir.DoubleType()
TOGETHER = (4, 2, 1)  # sums that share what is loaded


class Vectors:
    """Loads and stores of vectors at offsets of a buffer."""

    def __init__(self, context, builder, buffer, array):
        self.context, self.builder = context, builder
        self.emit = Emitter(context, builder, buffer.dtype, BYTES)
        self.data = context.make_array(buffer)(context, builder, array).data
        self.zero = ir.Constant(self.emit.vector, None)

    def load(self, place):
        return self.emit.load(self.emit.offset(self.data, place))

    def store(self, value, place):
        self.emit.store(value, self.emit.offset(self.data, place))

    def variable(self, value):
        return cgutils.alloca_once_value(self.builder, value)

    def at(self, place, j, pitch=None):
        """The place of the j-th from there; pitch: how far apart they lie, if not as neighbours."""
        pitch = ir.Constant(INT, self.emit.length) if pitch is None else pitch
        return self.builder.add(place, self.builder.mul(j, pitch))

    @contextmanager
    def loop(self, first, end, step=1):
        with self.emit.loop(first, end, ir.Constant(INT, step)) as (j, _):
            self.emit.keep_rolled()
            yield j

    def everywhere(self, scalar):
        return self.emit.splat(scalar, self.emit.vector)

    def hits(self, labels, j):
        """Which of the labels are j."""
        return self.builder.fcmp_ordered("==", labels, self.everywhere(self.builder.sitofp(j, self.emit.real)))

    def change(self, array, operation, vector):
        """Apply the operation to float64 numbers, one for each row, and a vector."""
        wide = ir.VectorType(DOUBLE, self.emit.length)
        data = self.context.make_array(types.float64[::1])(self.context, self.builder, array).data
        place = self.builder.bitcast(data, wide.as_pointer())
        value = operation(self.builder.load(place, align=8), self.builder.fpext(vector, wide))
        self.builder.store(value, place, align=8)


def _dots(v, start, x, x_step, w, w_step, w_next, y, n, k):
    b, done = v.builder, ir.Constant(INT, 0)
    exists = b.icmp_signed(">=", start, done)
    for together in TOGETHER:
        end = b.and_(n, ir.Constant(INT, -together))
        with v.loop(done, end, together) as first:
            each = [b.add(first, ir.Constant(INT, i)) for i in range(together)]
            totals, columns = [v.variable(v.zero) for _ in each], [v.at(w, j, w_next) for j in each]
            with b.if_then(exists):
                for total, j in zip(totals, each, strict=True):
                    b.store(v.load(v.at(start, j)), total)
            with v.emit.entered_loop(k) as p:
                v.emit.keep_rolled()
                factor = v.load(v.at(x, p, x_step))
                for total, column in zip(totals, columns, strict=True):
                    product = b.fmul(factor, v.load(v.at(column, p, w_step)))
                    b.store(b.fadd(b.load(total), product), total)
            for total, j in zip(totals, each, strict=True):
                v.store(b.load(total), v.at(y, j))
        done = end


def _softmax_start(v, x, y, n, label, losses):
    b, zero, labels = v.builder, ir.Constant(INT, 0), v.load(label)
    top, picked = v.variable(v.load(x)), v.variable(v.zero)
    with v.loop(ir.Constant(INT, 1), n) as j:
        new, old = v.load(v.at(x, j)), b.load(top)
        b.store(b.select(b.fcmp_ordered(">", new, old), new, old), top)
    with v.loop(zero, n) as j:
        shifted = b.fsub(v.load(v.at(x, j)), b.load(top))
        v.store(shifted, v.at(y, j))
        b.store(b.select(v.hits(labels, j), shifted, b.load(picked)), picked)
    v.change(losses, b.fsub, b.load(picked))


def _softmax_end(v, x, n, label, scale, products):
    b, labels, scales = v.builder, v.load(label), v.everywhere(scale)
    mass = v.variable(v.load(x))
    with v.loop(ir.Constant(INT, 1), n) as j:
        b.store(b.fadd(b.load(mass), v.load(v.at(x, j))), mass)
    v.change(products, b.fmul, b.load(mass))
    factor = b.fdiv(scales, b.load(mass))
    with v.loop(ir.Constant(INT, 0), n) as j:
        share = b.fmul(v.load(v.at(x, j)), factor)
        v.store(b.fsub(share, b.select(v.hits(labels, j), scales, v.zero)), v.at(x, j))


def _on_vectors(write, buffer, *further):
    def codegen(context, builder, signature, args):
        write(Vectors(context, builder, buffer, args[0]), *args[1:])
        return context.get_dummy_value()

    return types.void(buffer, *further), codegen


@intrinsic
def dots(typing, buffer, start, x, x_step, w, w_step, w_next, y, n, k):
    return _on_vectors(_dots, buffer, *[types.int64] * 9)


@intrinsic
def softmax_start(typing, buffer, x, y, n, label, losses):
    return _on_vectors(_softmax_start, buffer, *[types.int64] * 4, losses)


@intrinsic
def softmax_end(typing, buffer, x, n, label, scale, products):
    return _on_vectors(_softmax_end, buffer, *[types.int64] * 3, buffer.dtype, products)
