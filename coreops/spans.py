"""Short runs of neighbouring elements for the CPU: whole vectors, then a half, a quarter, ...

The channels of a small image are 1 to 32 numbers: a compiled loop over them spends its time on the tests before its
vector part. Masks would need no second loop, but some machines take dozens of cycles for a masked store.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from coreops.microkernel import Emitter

VECTOR_BYTES = 32  # 8 channels in float32


class Stretch:
    """`length` neighbouring elements, at element j of every span; data: where the buffer begins."""

    def __init__(self, emit, data, places, j, length):
        self.emit, self.builder, self.data, self.places, self.j = emit, emit.builder, data, places, j
        self.type = emit.real if length == 1 else ir.VectorType(emit.real, length)

    def everywhere(self, scalar):
        return self.emit.splat(scalar, self.type) if isinstance(self.type, ir.VectorType) else scalar

    def at(self, k, shift):
        place = self.emit.offset(self.places[k], self.j)
        place = place if shift is None else self.emit.offset(place, shift)
        return self.builder.bitcast(place, self.type.as_pointer())

    def load(self, k, shift=None):
        return self.builder.load(self.at(k, shift), align=self.emit.real_bytes)

    def store(self, k, value, shift=None):
        self.builder.store(value, self.at(k, shift), align=self.emit.real_bytes)


def _over_span(context, builder, signature, args, step, spans):
    """step(stretch, further arguments) along `spans` spans of n elements."""
    buffer, places, n, further = signature.args[0], args[1 : spans + 1], args[spans + 1], args[spans + 2 :]
    data = context.make_array(buffer)(context, builder, args[0]).data
    emit = Emitter(context, builder, buffer.dtype, VECTOR_BYTES)
    places = [emit.offset(data, start) for start in places]
    whole = builder.and_(n, ir.Constant(n.type, -emit.length))
    with emit.loop(ir.Constant(n.type, 0), whole, ir.Constant(n.type, emit.length)) as (j, _):
        emit.keep_rolled()
        step(Stretch(emit, data, places, j, emit.length), n, *further)
    length = emit.length // 2
    while length:
        bit = ir.Constant(n.type, length)
        with builder.if_then(builder.icmp_signed("!=", builder.and_(n, bit), ir.Constant(n.type, 0))):
            step(Stretch(emit, data, places, builder.and_(n, ir.Constant(n.type, -2 * length)), length), n, *further)
        length //= 2
    return context.get_dummy_value()


def _opaque(builder, value):
    """The same value. Where a choice has what was loaded from there as its other case, LLVM stores under a mask: 18
    cycles on AMD's CPUs.
    """
    vector = isinstance(value.type, ir.VectorType)
    real = value.type.element if vector else value.type
    name = (f"v{value.type.count}" if vector else "") + ("f32" if real == ir.FloatType() else "f64")
    kind = ir.FunctionType(value.type, [value.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.arithmetic.fence.{name}"), [value])


def _copy(s, n):
    s.store(1, s.load(0))


def _add(s, n):
    s.store(1, s.builder.fadd(s.load(1), s.load(0)))


def _largest(s, n):
    b, new, best = s.builder, s.load(0), _opaque(s.builder, s.load(1))
    wins = b.or_(b.fcmp_ordered(">", new, best), b.fcmp_unordered("uno", new, new))
    s.store(1, b.select(wins, new, best))


def _route(s, n, height, width, line):
    b, y, one = s.builder, s.load(1), ir.Constant(n.type, 1)
    left, zero = cgutils.alloca_once_value(b, s.load(2)), ir.Constant(s.type, None)
    with s.emit.loop(ir.Constant(n.type, 0), height, one) as (k, _):
        s.emit.keep_rolled()
        with s.emit.loop(ir.Constant(n.type, 0), width, one) as (column, _):
            s.emit.keep_rolled()
            shift = b.add(b.mul(k, line), b.mul(column, n))
            wins, rest = b.fcmp_ordered("==", s.load(0, shift), y), b.load(left)
            s.store(3, b.fadd(s.load(3, shift), b.select(wins, rest, zero)), shift)
            b.store(b.select(wins, zero, rest), left)


def _combine(s, n, start, x, step, k, pitch):
    b, zero = s.builder, ir.Constant(n.type, 0)
    total = cgutils.alloca_once_value(b, ir.Constant(s.type, None))
    with b.if_then(b.icmp_signed(">=", start, zero)):
        b.store(s.load(0), total)
    with s.emit.loop(zero, k, ir.Constant(n.type, 1)) as (p, _):
        s.emit.keep_rolled()
        factor = s.everywhere(b.load(s.emit.offset(s.data, b.add(x, b.mul(p, step)))))
        b.store(b.fadd(b.load(total), b.fmul(factor, s.load(1, b.mul(p, pitch)))), total)
    s.store(2, b.load(total))


@intrinsic
def copy(typing, buffer, source, to, n):
    return _typed(buffer, _copy, 2, 1)


@intrinsic
def add(typing, buffer, source, to, n):
    return _typed(buffer, _add, 2, 1)


@intrinsic
def largest(typing, buffer, source, to, n):
    return _typed(buffer, _largest, 2, 1)


@intrinsic
def route(typing, buffer, x, y, dy, dx, n, height, width, line):
    return _typed(buffer, _route, 4, 4)


@intrinsic
def combine(typing, buffer, first, w, y, n, start, x, step, k, pitch):
    """first = max(start, 0): a span must exist."""
    return _typed(buffer, _combine, 3, 6)


@intrinsic
def dots(typing, buffer, start, x, w, y, n, k):
    """As scalars, in order: rows of w are too short for vectors."""

    def codegen(context, builder, signature, args):
        start, x, w, y, n, k = args[1:]
        data = context.make_array(buffer)(context, builder, args[0]).data
        emit, zero, one = Emitter(context, builder, buffer.dtype), ir.Constant(n.type, 0), ir.Constant(n.type, 1)
        total, at = cgutils.alloca_once(builder, emit.real), lambda offset: emit.offset(data, offset)
        with emit.loop(zero, n, one) as (j, _):
            emit.keep_rolled()
            builder.store(ir.Constant(emit.real, 0.0), total)
            with builder.if_then(builder.icmp_signed(">=", start, zero)):
                builder.store(builder.load(at(builder.add(start, j))), total)
            row = builder.add(w, builder.mul(j, k))
            with emit.loop(zero, k, one) as (p, _):
                emit.keep_rolled()
                product = builder.fmul(builder.load(at(builder.add(x, p))), builder.load(at(builder.add(row, p))))
                builder.store(builder.fadd(builder.load(total), product), total)
            builder.store(builder.load(total), at(builder.add(y, j)))
        return context.get_dummy_value()

    return types.void(buffer, *[types.int64] * 6), codegen


def _typed(buffer, step, spans, numbers):
    def codegen(context, builder, signature, args):
        return _over_span(context, builder, signature, args, step, spans)

    return types.void(buffer, *[types.int64] * (spans + numbers)), codegen
