"""Matrix products for the CPU, emitted as vector code.

BLAS pays 60-400 ns a call, runs A B^T at half speed and packs operands that already lie in the first-level cache; at
the sizes of small networks these kernels take 0.5 to 0.9 of the time that BLAS takes. One tile of C (ROWS rows, two
vectors wide) stays in registers while k runs. Vectors are read whole, also beyond the right edge, and only what belongs
to C is written: with masked loads products of ten columns take 1.9 times as long on AMD's first Zen. The structure is
the inner kernel of Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication".
"""

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from coreops.emitter import WORD, Emitter, word

_WIDE = bool(llvm.get_host_cpu_features().get("avx512f"))
VECTOR_BYTES = 64 if _WIDE else 32
# Rows of a tile, of two vectors each: 16 of 32, or 12 of 16, registers accumulate. The lower ones take the remainder.
HEIGHTS = (8, 4, 2, 1) if _WIDE else (6, 4, 2, 1)
DEPTH = 128  # rows of a packed panel: 8 or 16 KB, within the first-level cache
LARGE = 8192  # elements of B above which its panels are packed


class Product(Emitter):
    """Writes the tiles of a product, and what packs their panels."""

    def __init__(self, context, builder, real):
        super().__init__(context, builder, real, VECTOR_BYTES)
        number = ir.IntType(real.bitwidth)  # as wide as an element: a mask is one comparison, also within a loop
        self.lanes = ir.Constant(ir.VectorType(number, self.length), list(range(self.length)))

    def store_first(self, count, values, places):
        """The first `count` elements of each vector; None: all."""
        if count is None:
            for value, place in zip(values, places, strict=True):
                self.store(value, place)
        elif _WIDE:
            align, mask = ir.Constant(ir.IntType(32), self.real_bytes), self.mask_below(count)
            for value, place in zip(values, places, strict=True):
                pointer = self.builder.bitcast(place, self.vector.as_pointer())
                self.call(f"masked.store.{self.suffix}.p0", ir.VoidType(), [value, pointer, align, mask])
        else:
            self.store_by_halves(count, values, places)

    def store_by_halves(self, count, values, places):
        """A masked store of AVX2 takes 18 cycles on AMD's CPUs: 8, 4, 2 and 1 elements, whichever are bits of count."""
        b, width = self.builder, self.length
        while width:
            has = b.icmp_signed("!=", b.and_(count, word(width)), word(0))
            low, high = (self.part(values, start, width) for start in (0, width))
            with b.if_then(has):
                for value, place in zip(low, places, strict=True):
                    self.store(value, place)
            values = [b.select(has, second, first) for first, second in zip(low, high, strict=True)]
            places = [b.select(has, self.offset(place, word(width)), place) for place in places]
            width //= 2

    def part(self, vectors, start, width):
        """Elements start ... start + width of each vector, as far as there are any."""
        lanes = [i % vectors[0].type.count for i in range(start, start + width)]
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), lanes)
        return [self.builder.shuffle_vector(v, v, lanes) for v in vectors]

    def mask_below(self, count):
        """Lanes whose number is below `count`; None: all."""
        if count is None:
            return None
        number = self.lanes.type.element
        count = self.builder.trunc(count, number) if number != WORD else count
        return self.builder.icmp_signed("<", self.lanes, self.splat(count, self.lanes.type))

    def transpose(self, rows):
        """Rows of a square block -> its columns, by log2(length) rounds of pairwise interleaving."""
        index, stride = ir.VectorType(ir.IntType(32), self.length), 1
        while stride < self.length:
            for r in range(self.length):
                if not r & stride:
                    first, second, lanes = rows[r], rows[r + stride], range(self.length)
                    low = [self.length + x - stride if x & stride else x for x in lanes]
                    high = [self.length + x if x & stride else x + stride for x in lanes]
                    rows[r] = self.builder.shuffle_vector(first, second, ir.Constant(index, low))
                    rows[r + stride] = self.builder.shuffle_vector(first, second, ir.Constant(index, high))
            stride *= 2
        return rows

    def pack_transposed(self, panel, corner, columns, depth, pitch):
        """panel[p, x] = B[x, p] for p < depth, x < columns; row x of B starts at corner + x pitch.

        Beyond the last row the last one is read again: what the panel holds there is never used.
        """
        b, step = self.builder, word(self.length)
        with (
            self.loop(word(0), word(2 * self.length), step) as (x, _),
            self.loop(word(0), depth, step) as (p, _),
        ):
            self.keep_rolled()
            rows, last = [], b.sub(columns, word(1))
            for r in range(self.length):
                row = b.add(x, word(r))
                row = b.select(b.icmp_signed("<", row, last), row, last)
                rows.append(self.load(self.offset(corner, b.add(b.mul(row, pitch), p))))
            for r, column in enumerate(self.transpose(rows)):
                at = b.add(b.mul(b.add(p, word(r)), word(2 * self.length)), x)
                self.store(column, self.offset(panel, at))

    def pack(self, panel, corner, columns, depth, pitch):
        """panel[p, x] = B[p, x]: the same panel from rows that lie `pitch` apart, for one pass through the cache."""
        b = self.builder
        with self.loop(word(0), depth, word(1)) as (p, _):
            self.keep_rolled()
            source = self.offset(corner, b.mul(p, pitch))
            target = self.offset(panel, b.mul(p, word(2 * self.length)))
            for v in range(2):
                shift = word(v * self.length)
                self.store(self.load(self.offset(source, shift)), self.offset(target, shift))

    def tile(self, rows, counts, depth, left, stride, right, pitch, out, n, start):
        """C[0 : rows] = S + sum over p < depth of A[:, p] B[p, :]; all given by their corners.

        counts: how many columns each vector of a row of C has, None: all.
        """
        b, across = self.builder, range(len(counts))
        # Few sums: several sets of them, as each addition waits four cycles for the last one to the same sum. Whole
        # tiles, where large products spend their time: two steps for one test of the loop.
        ways = 4 if rows * len(counts) <= 2 else 1
        together = 2 if rows == HEIGHTS[0] and counts == [None, None] else ways
        zero = ir.Constant(self.vector, [0.0] * self.length)
        sums = [[[cgutils.alloca_once(b, self.vector) for _ in across] for _ in range(rows)] for _ in range(ways)]
        exists, first, start_row = start
        with b.if_else(exists) as (then, otherwise):
            with then:
                for r in range(rows):
                    for v in across:
                        shift = b.add(b.mul(word(r), start_row), word(v * self.length))
                        b.store(self.load(self.offset(first, shift)), sums[0][r][v])
            with otherwise:
                for r in range(rows):
                    for v in across:
                        b.store(zero, sums[0][r][v])
        several = b.and_(depth, word(-together))
        for way in sums[1:]:
            for total in (total for row in way for total in row):
                b.store(zero, total)
        with self.loop(word(0), several, word(together)) as (p, _):
            self.keep_rolled()
            for step in range(together):
                self.accumulate(sums[step % ways], b.add(p, word(step)), left, stride, right, pitch)
        if together > 1:
            with self.loop(several, depth, word(1)) as (p, _):
                self.keep_rolled()
                self.accumulate(sums[0], p, left, stride, right, pitch)
        if ways > 1:
            for r in range(rows):
                for v in across:
                    parts = [b.load(way[r][v]) for way in sums]
                    b.store(b.fadd(b.fadd(parts[0], parts[1]), b.fadd(parts[2], parts[3])), sums[0][r][v])
        for v, count in enumerate(counts):
            places = [self.offset(out, b.add(b.mul(word(r), n), word(v * self.length))) for r in range(rows)]
            self.store_first(count, [b.load(sums[0][r][v]) for r in range(rows)], places)

    def accumulate(self, sums, p, left, stride, right, pitch):
        """sums += A[:, p] B[p, :]."""
        b, (a_row, a_col) = self.builder, stride
        across = self.offset(right, b.mul(p, pitch))
        vectors = [self.load(self.offset(across, word(v * self.length))) for v in range(len(sums[0]))]
        down = self.offset(left, b.mul(p, a_col))
        for r, row in enumerate(sums):
            value = self.splat(b.load(self.offset(down, b.mul(word(r), a_row))), self.vector)
            for total, vector in zip(row, vectors, strict=True):
                b.store(self.call(f"fma.{self.suffix}", self.vector, [value, vector, b.load(total)]), total)

    def strip(self, m, counts, depth, left, stride, right, pitch, out, n, start):
        """All rows of one panel of columns."""
        b, top = self.builder, word(0)
        for rows in HEIGHTS:
            rest = b.urem(b.sub(m, top), word(rows))
            if rows == 6 and len(counts) == 2:  # 4 + 4 rows: in a tile of two, each sum waits for its last addition
                uneven = b.and_(b.icmp_signed("==", rest, word(2)), b.icmp_signed(">", m, word(rows)))
                rest = b.select(uneven, word(8), rest)
            bottom = b.sub(m, rest)
            with b.if_then(b.icmp_signed("<", top, bottom)):
                self.tiles(rows, top, bottom, counts, depth, left, stride, right, pitch, out, n, start)
            top = bottom

    def tiles(self, rows, top, bottom, counts, depth, left, stride, right, pitch, out, n, start):
        """Rows top ... bottom of a panel of columns, `rows` at a time."""
        b, (exists, first, start_row) = self.builder, start
        numbers = self.hidden(*stride, pitch, n, start_row, depth, top, bottom)
        a_row, a_col, pitch, n, start_row, depth, top, bottom = numbers
        with self.loop(top, bottom, word(rows)) as (i, _):
            begin = (exists, self.offset(first, b.mul(i, start_row)), start_row)
            above, below = self.offset(left, b.mul(i, a_row)), self.offset(out, b.mul(i, n))
            self.tile(rows, counts, depth, above, (a_row, a_col), right, pitch, below, n, begin)


@intrinsic
def register_tiled_gemm(typing, buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """C (m, n) at c = S + A op(B): A[i, p] at a + i a_row + p a_col; B row-major (k, n), or (n, k) if transposed;

    S[i, j] at start + i start_row + j, or 0 if start < 0. Behind the buffer lies a vector that may be read."""
    real, size = buffer.dtype, types.int64
    signature = types.void(buffer, *[size] * 7, types.boolean, *[size] * 3)

    def codegen(context, builder, _signature, args):
        array, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row = args
        data = context.make_array(buffer)(context, builder, array).data
        emit = Product(context, builder, real)
        width = word(2 * emit.length)
        panel = cgutils.alloca_once(builder, emit.real, size=word(DEPTH * 2 * emit.length))
        panel.align = VECTOR_BYTES
        large = builder.icmp_signed(">", builder.mul(k, n), word(LARGE))
        large = builder.and_(large, builder.icmp_signed(">", n, width))  # one panel is packed already
        packed = builder.or_(transposed, large)
        most = builder.select(packed, word(DEPTH), k)  # only a packed panel limits the depth
        a_at, b_at, c_at = (emit.offset(data, start) for start in (a, b, c))
        with emit.loop(word(0), n, width) as (j, _), emit.loop(word(0), k, most) as (p, _):
            rest, left_over = builder.sub(n, j), builder.sub(k, p)
            depth = builder.select(builder.icmp_signed("<", left_over, most), left_over, most)
            with builder.if_then(transposed):
                corner = emit.offset(b_at, builder.add(builder.mul(j, k), p))
                emit.pack_transposed(panel, corner, *emit.hidden(rest, depth, k))
            direct = emit.offset(b_at, builder.add(builder.mul(p, n), j))
            with builder.if_then(builder.and_(large, builder.not_(transposed))):
                emit.pack(panel, direct, rest, depth, n)
            right = builder.select(packed, panel, direct)
            pitch = builder.select(packed, width, n)
            later = builder.icmp_signed(">", p, word(0))
            exists = builder.or_(later, builder.icmp_signed(">=", start, word(0)))
            begin = builder.select(later, builder.add(c, j), builder.add(start, j))
            begin = (exists, emit.offset(data, begin), builder.select(later, n, start_row))
            left, out = emit.offset(a_at, builder.mul(p, a_col)), emit.offset(c_at, j)
            common = (depth, left, (a_row, a_col), right, pitch, out, n, begin)
            with builder.if_else(builder.icmp_signed("<=", rest, word(emit.length))) as (one, two):
                with one:
                    emit.strip(m, [rest], *common)
                with two, builder.if_else(builder.icmp_signed(">=", rest, width)) as (full, edge):
                    with full:
                        emit.strip(m, [None, None], *common)
                    with edge:
                        emit.strip(m, [None, builder.sub(rest, word(emit.length))], *common)
        return context.get_dummy_value()

    return signature, codegen
