"""Vector operations of compiled loops, for sums that the compiler would otherwise keep in memory.

Addresses are whole numbers, as `array.ctypes.data` gives them inside of a loop; `kind` is any number of the
arrays' type. Nothing is checked.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
GROUPS = 8
WIDE = LANES * GROUPS

Code = tuple[Any, Callable[..., Any]]


@intrinsic  # type: ignore[untyped-decorator]
def add_lanes(_context: Any, into: Any, other: Any, kind: Any) -> Code:
    """Add the LANES numbers at the address `other` to those at the address `into`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = _Vectors(context, builder, signature.args[2])
        total = builder.fadd(*(vectors.load(address) for address in arguments[:2]))
        vectors.store(total, arguments[0])
        return context.get_dummy_value()

    return types.void(into, other, kind), code


@intrinsic  # type: ignore[untyped-decorator]
def sum_rows(_context: Any, into: Any, table: Any, which: Any, count: Any, kind: Any) -> Code:
    """Put the sum of `count` rows of a table [rows, WIDE] at the address `into`, in the order of their list.

    `which` is the address of the rows' numbers, uint32. The sum stays in vector registers until it is done.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        into, table, which, count = arguments[:4]
        vectors = _Vectors(context, builder, signature.args[4])
        numbers = builder.inttoptr(which, ir.IntType(32).as_pointer())
        sums = [cgutils.alloca_once(builder, vectors.kind) for _ in range(GROUPS)]
        for total in sums:
            builder.store(ir.Constant(vectors.kind, [0.0] * LANES), total)
        with cgutils.for_range(builder, count) as loop:
            row = builder.zext(builder.load(builder.gep(numbers, [loop.index])), table.type)
            start = builder.add(table, builder.mul(row, ir.Constant(table.type, WIDE * vectors.size)))
            for group, total in enumerate(sums):
                found = vectors.load(start, group)
                builder.store(builder.fadd(builder.load(total), found), total)
        for group, total in enumerate(sums):
            vectors.store(builder.load(total), into, group)
        return context.get_dummy_value()

    return types.void(into, table, which, count, kind), code


class _Vectors:
    """Vectors of LANES numbers of one type at addresses."""

    def __init__(self, context: Any, builder: Any, number: Any) -> None:
        self.builder = builder
        self.kind = ir.VectorType(context.get_value_type(number), LANES)
        self.size: int = context.get_abi_sizeof(self.kind.element)

    def at(self, address: Any, group: int) -> Any:
        offset = ir.Constant(address.type, group * LANES * self.size)
        return self.builder.inttoptr(self.builder.add(address, offset), self.kind.as_pointer())

    def load(self, address: Any, group: int = 0) -> Any:
        found = self.builder.load(self.at(address, group))
        found.align = self.size  # arrays promise no more than that of a number
        return found

    def store(self, vector: Any, address: Any, group: int = 0) -> None:
        self.builder.store(vector, self.at(address, group)).align = self.size
