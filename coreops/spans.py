"""Short runs of neighbouring elements for the CPU: whole vectors, then a half, a quarter, ...

The channels of a small image are 1 to 32 numbers: a compiled loop over them spends its time on the tests before its
vector part. Masks would need no second loop, but some machines take dozens of cycles for a masked store.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from coreops.microkernel import Emitter

VECTOR_BYTES = 32  # 8 channels in float32


def _over_span(context, builder, signature, args, step):
    """step(builder, load, store) for each vector, or element, of the span; load, store: of the k-th offset."""
    buffer, n = signature.args[0], args[-1]
    data = context.make_array(buffer)(context, builder, args[0]).data
    emit = Emitter(context, builder, buffer.dtype, VECTOR_BYTES)
    places = [emit.offset(data, start) for start in args[1:-1]]

    def run(j, length):
        vector = emit.real if length == 1 else ir.VectorType(emit.real, length)
        here = [builder.bitcast(emit.offset(place, j), vector.as_pointer()) for place in places]
        step(
            builder,
            lambda k: builder.load(here[k], align=emit.real_bytes),
            lambda k, value: builder.store(value, here[k], align=emit.real_bytes),
        )

    whole = builder.and_(n, ir.Constant(n.type, -emit.length))
    with emit.loop(ir.Constant(n.type, 0), whole, ir.Constant(n.type, emit.length)) as (j, _):
        emit.keep_rolled()
        run(j, emit.length)
    length = emit.length // 2
    while length:
        bit = ir.Constant(n.type, length)
        with builder.if_then(builder.icmp_signed("!=", builder.and_(n, bit), ir.Constant(n.type, 0))):
            run(builder.and_(n, ir.Constant(n.type, -2 * length)), length)
        length //= 2
    return context.get_dummy_value()


def _span(step, offsets):
    """The intrinsic (buffer, `offsets` offsets, n) that runs `step` over n elements."""

    def codegen(context, builder, signature, args):
        return _over_span(context, builder, signature, args, step)

    def typed(buffer, *numbers):
        return types.void(buffer, *[types.int64] * (offsets + 1)), codegen

    if offsets == 2:
        return intrinsic(lambda typing, buffer, source, to, n: typed(buffer))
    return intrinsic(lambda typing, buffer, x, y, left, dx, n: typed(buffer))


def _copy(builder, load, store):
    store(1, load(0))


def _add(builder, load, store):
    store(1, builder.fadd(load(1), load(0)))


def _route(builder, load, store):
    left = load(2)
    wins, zero = builder.fcmp_ordered("==", load(0), load(1)), ir.Constant(left.type, None)
    store(3, builder.fadd(load(3), builder.select(wins, left, zero)))
    store(2, builder.select(wins, zero, left))


copy, add, route = _span(_copy, 2), _span(_add, 2), _span(_route, 4)
