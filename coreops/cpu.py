"""CPU-only building blocks that `target.py` dresses up: the treatment of denormals."""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FLUSH_BITS = 0x8040  # MXCSR: flush to zero, denormals are zero
X86 = platform.machine().lower() in ("x86_64", "amd64")


def _mxcsr(builder, name, slot):
    pointer = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [pointer]), f"llvm.x86.sse.{name}"
    )
    builder.call(function, [builder.bitcast(slot, pointer)])


@intrinsic
def flush(typing):
    def codegen(context, builder, signature, args):
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        _mxcsr(builder, "stmxcsr", slot)
        saved = builder.load(slot)
        builder.store(builder.or_(saved, ir.Constant(ir.IntType(32), FLUSH_BITS)), slot)
        _mxcsr(builder, "ldmxcsr", slot)
        return saved

    return types.uint32(), codegen


@intrinsic
def restore(typing, saved):
    def codegen(context, builder, signature, args):
        slot = cgutils.alloca_once_value(builder, args[0])
        _mxcsr(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.uint32), codegen
