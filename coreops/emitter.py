"""Vector code for the CPU, written into the function that is being built: what kernels of it are put together from."""

from contextlib import contextmanager

from llvmlite import ir
from numba.core import cgutils

WORD = ir.IntType(64)


def word(value):
    return ir.Constant(WORD, value)


class Emitter:
    """Writes loops over vectors of `vector_bytes`, of reals, into the function being built."""

    def __init__(self, context, builder, real, vector_bytes):
        self.builder = builder
        self.real = context.get_value_type(real)
        self.real_bytes = real.bitwidth // 8
        self.length = vector_bytes // self.real_bytes
        self.vector = ir.VectorType(self.real, self.length)
        self.suffix = f"v{self.length}f{real.bitwidth}"

    def call(self, name, result, arguments):
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(result, [a.type for a in arguments]), f"llvm.{name}"
        )
        return self.builder.call(function, arguments)

    def splat(self, scalar, vector):
        first = self.builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        return self.builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)

    def load(self, place):
        """A whole vector, also where a matrix ends within it: what lies behind is never stored."""
        return self.builder.load(self.builder.bitcast(place, self.vector.as_pointer()), align=self.real_bytes)

    def store(self, value, place):
        self.builder.store(value, self.builder.bitcast(place, value.type.as_pointer()), align=self.real_bytes)

    def loop(self, start, stop, step):
        return cgutils.for_range_slice(self.builder, start, stop, step, intp=WORD)

    @contextmanager
    def entered_loop(self, stop, step=1):
        """Over 0, step, ... < stop, where stop > 0: no test before it, as jumps are what tiny networks wait for."""
        b, counter = self.builder, cgutils.alloca_once(self.builder, WORD)
        body, after = b.append_basic_block("body"), b.append_basic_block("after")
        b.store(word(0), counter)
        b.branch(body)
        b.position_at_end(body)
        i = b.load(counter)
        yield i
        b.store(b.add(i, word(step)), counter)
        b.cbranch(b.icmp_signed("<", b.load(counter), stop), body, after)
        b.position_at_end(after)

    def keep_rolled(self):
        """Within a loop: LLVM would unroll sixteen times what runs once or twice, at the cost of compiling it."""
        nothing = ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), "", "", side_effect=True)
        self.builder.call(nothing, [], attrs=("convergent", "nounwind"))

    def hidden(self, *numbers):
        """The same numbers, of which the compiler knows nothing: it prepares nothing further up than they are given.

        It would work out, whenever a product begins, what each kind of tile needs: small products took twice the time.
        """
        b = self.builder
        return [b.asm(ir.FunctionType(x.type, [x.type]), "", "=r,0", [x], True) for x in numbers]

    def offset(self, base, offset):
        return self.builder.gep(base, [offset])
