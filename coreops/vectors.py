"""Short runs of neighbouring elements on the CPU: whole vectors, then a half, a quarter, ...

The channels of a small image are 1 to 32 numbers: a compiled loop over them spends its time on the tests before its
vector part. Masks would need no second loop, but some machines take dozens of cycles for a masked store.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from coreops.emitter import Emitter

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

    def load_if(self, add, k):
        """load(k), or 0 unless add: masked, as a choice between vectors would be a jump."""
        bits = ir.IntType(8 * self.emit.real_bytes)
        keep = self.builder.sext(add, bits)
        if isinstance(self.type, ir.VectorType):
            bits = ir.VectorType(bits, self.type.count)
            keep = self.emit.splat(keep, bits)
        return self.builder.bitcast(self.builder.and_(self.builder.bitcast(self.load(k), bits), keep), self.type)

    def store(self, k, value, shift=None):
        self.builder.store(value, self.at(k, shift), align=self.emit.real_bytes)

    def apart(self, start, stride):
        """Where elements start + i stride of the buffer lie, for each i of this stretch."""
        place = self.builder.add(start, self.builder.mul(self.j, stride))
        for _ in range(getattr(self.type, "count", 1)):
            yield self.emit.offset(self.data, place)
            place = self.builder.add(place, stride)

    def gather(self, start, stride):
        """Elements start + i stride of the buffer."""
        values = [self.builder.load(place) for place in self.apart(start, stride)]
        if len(values) == 1:
            return values[0]
        vector = ir.Constant(self.type, ir.Undefined)
        for i, value in enumerate(values):
            vector = self.builder.insert_element(vector, value, ir.Constant(ir.IntType(32), i))
        return vector

    def scatter(self, vector, start, stride):
        """To elements start + i stride of the buffer."""
        for i, place in enumerate(self.apart(start, stride)):
            lane = ir.Constant(ir.IntType(32), i)
            whole = isinstance(self.type, ir.VectorType)
            self.builder.store(self.builder.extract_element(vector, lane) if whole else vector, place)


def _over_span(context, builder, signature, args, step, spans, once=False, pairs=False):
    """step(stretch, further arguments) along `spans` spans of n elements.

    once: around it is no loop to speak of. pairs: two vectors for one test of the loop, where little is done to each.
    """
    buffer, places, n, further = signature.args[0], args[1 : spans + 1], args[spans + 1], args[spans + 2 :]
    data = context.make_array(buffer)(context, builder, args[0]).data
    emit = Emitter(context, builder, buffer.dtype, VECTOR_BYTES)
    n = emit.hidden(n)[0] if once else n  # LLVM would prepare what each length below a vector needs before the loop
    places = [emit.offset(data, start) for start in places]
    together = 2 if pairs else 1
    whole = builder.and_(n, ir.Constant(n.type, -together * emit.length))
    some = builder.icmp_signed(">", whole, ir.Constant(n.type, 0))
    with builder.if_then(some), emit.entered_loop(whole, together * emit.length) as j:
        emit.keep_rolled()
        for k in range(together):
            place = builder.add(j, ir.Constant(n.type, k * emit.length))
            step(Stretch(emit, data, places, place, emit.length), n, *further)
    length = emit.length * together // 2
    while length:
        bit = ir.Constant(n.type, length)
        with builder.if_then(builder.icmp_signed("!=", builder.and_(n, bit), ir.Constant(n.type, 0))):
            step(Stretch(emit, data, places, builder.and_(n, ir.Constant(n.type, -2 * length)), length), n, *further)
        length //= 2
    return context.get_dummy_value()


def _copy(s, n):
    s.store(1, s.load(0))


def _add(s, n):
    s.store(1, s.builder.fadd(s.load(1), s.load(0)))


def _shift(s, n, by):
    s.store(1, s.builder.fsub(s.load(0), s.everywhere(by)))


def _scale(s, n, by):
    s.store(0, s.builder.fmul(s.load(0), s.everywhere(by)))


def _slopes(s, slope):
    """1 where x > 0, else slope: factors, as choosing what to store would be a jump."""
    b, x = s.builder, s.load(0)
    return b.select(
        b.fcmp_ordered(">", x, ir.Constant(s.type, None)),
        s.everywhere(ir.Constant(s.emit.real, 1)),
        s.everywhere(slope),
    )


def _rectify(s, n, slope):
    s.store(1, s.builder.fmul(s.load(0), _slopes(s, slope)))


def _rectify_gradient(s, n, slope):
    s.store(2, s.builder.fmul(s.load(1), _slopes(s, slope)))


def _over_window(s, n, height, width, line, step, visit):
    """visit(shift), for the shift of each place of a window: k line + l step for k < height, l < width."""
    b, zero, one = s.builder, ir.Constant(n.type, 0), ir.Constant(n.type, 1)
    with s.emit.loop(zero, height, one) as (k, _):
        s.emit.keep_rolled()
        row = b.mul(k, line)
        with s.emit.loop(zero, width, one) as (column, _):
            s.emit.keep_rolled()
            visit(b.add(row, b.mul(column, step)))


def _sum_window(s, n, start, height, width, line, step):
    b, total = s.builder, cgutils.alloca_once_value(s.builder, ir.Constant(s.type, None))
    with b.if_then(b.icmp_signed(">=", start, ir.Constant(n.type, 0))):
        b.store(s.load(0), total)

    def visit(shift):
        b.store(b.fadd(b.load(total), s.load(1, shift)), total)

    _over_window(s, n, height, width, line, step, visit)
    s.store(2, b.load(total))


def _largest_window(s, n, height, width, line):
    b, best = s.builder, cgutils.alloca_once_value(s.builder, s.load(0))

    def visit(shift):
        new, old = s.load(0, shift), b.load(best)
        wins = b.or_(b.fcmp_ordered(">", new, old), b.fcmp_unordered("uno", new, new))
        b.store(b.select(wins, new, old), best)

    _over_window(s, n, height, width, line, n, visit)
    s.store(1, b.load(best))


def _route(s, n, height, width, line):
    b, y = s.builder, s.load(1)
    left, zero = cgutils.alloca_once_value(b, s.load(2)), ir.Constant(s.type, None)

    def visit(shift):
        wins, rest = b.fcmp_ordered("==", s.load(0, shift), y), b.load(left)
        s.store(3, b.fadd(s.load(3, shift), b.select(wins, rest, zero)), shift)
        b.store(b.select(wins, zero, rest), left)

    _over_window(s, n, height, width, line, n, visit)


def _sum(s, initial, k, term):
    """initial, plus the sum over p < k of term(p), in this order; k >= 1."""
    b, total = s.builder, cgutils.alloca_once_value(s.builder, initial)
    with s.emit.entered_loop(k) as p:
        s.emit.keep_rolled()
        b.store(b.fadd(b.load(total), term(p)), total)
    return b.load(total)


def _products(s, initial, x, step, k, row):
    """initial, plus the sum over p < k of x_(p step) row(p)."""

    def term(p):
        factor = s.builder.load(s.emit.offset(s.data, s.builder.add(x, s.builder.mul(p, step))))
        return s.builder.fmul(s.everywhere(factor), row(p))

    return _sum(s, initial, k, term)


def _combine(s, n, add, x, step, k, pitch):
    s.store(2, _products(s, s.load_if(add, 0), x, step, k, lambda p: s.load(1, s.builder.mul(p, pitch))))


def _combine_column(s, n, add, x, step, k, pitch, y, stride):
    b, initial = s.builder, cgutils.alloca_once_value(s.builder, ir.Constant(s.type, None))
    with b.if_then(add):
        b.store(s.gather(y, stride), initial)
    s.scatter(_products(s, b.load(initial), x, step, k, lambda p: s.load(0, b.mul(p, pitch))), y, stride)


def _dots(s, n, add, x, w, k):
    one = ir.Constant(k.type, 1)
    s.store(0, _products(s, s.load_if(add, 0), x, one, k, lambda p: s.gather(s.builder.add(w, p), k)))


def _sum_rows(s, n, add, k):
    s.store(1, _sum(s, s.load_if(add, 1), k, lambda p: s.load(0, s.builder.mul(p, n))))


@intrinsic
def copy(typing, buffer, source, to, n):
    return _typed(buffer, _copy, 2)


@intrinsic
def add(typing, buffer, source, to, n):
    return _typed(buffer, _add, 2)


@intrinsic
def shift(typing, buffer, x, y, n, by):
    return _typed(buffer, _shift, 2, once=True, real=1)


@intrinsic
def scale(typing, buffer, x, n, by):
    return _typed(buffer, _scale, 1, once=True, real=1)


@intrinsic
def rectify(typing, buffer, x, y, n, slope):
    return _typed(buffer, _rectify, 2, once=True, real=1, pairs=True)


@intrinsic
def rectify_gradient(typing, buffer, x, dy, dx, n, slope):
    return _typed(buffer, _rectify_gradient, 3, once=True, real=1, pairs=True)


@intrinsic
def sum_window(typing, buffer, first, x, y, n, start, height, width, line, step):
    """first = max(start, 0): a span must exist."""
    return _typed(buffer, _sum_window, 3, 5, once=True)


@intrinsic
def largest_window(typing, buffer, x, y, n, height, width, line):
    return _typed(buffer, _largest_window, 2, 3)


@intrinsic
def route(typing, buffer, x, y, dy, dx, n, height, width, line):
    return _typed(buffer, _route, 4, 3)


@intrinsic
def combine(typing, buffer, start, w, y, n, add, x, step, k, pitch):
    return _typed(buffer, _combine, 3, 4, once=True, flag=True)


@intrinsic
def combine_column(typing, buffer, w, n, add, x, step, k, pitch, y, stride):
    return _typed(buffer, _combine_column, 1, 6, once=True, flag=True)


@intrinsic
def dots(typing, buffer, y, n, add, x, w, k):
    return _typed(buffer, _dots, 1, 3, once=True, flag=True)


@intrinsic
def sum_rows(typing, buffer, x, y, n, add, k):
    return _typed(buffer, _sum_rows, 2, 1, once=True, flag=True)


def _typed(buffer, step, spans, numbers=0, once=False, real=0, flag=False, pairs=False):
    def codegen(context, builder, signature, args):
        return _over_span(context, builder, signature, args, step, spans, once, pairs)

    flags = [types.boolean] if flag else []
    places = [types.int64] * (spans + 1)
    return types.void(buffer, *places, *flags, *[types.int64] * numbers, *[buffer.dtype] * real), codegen
