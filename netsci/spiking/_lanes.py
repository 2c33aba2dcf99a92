"""One vector addition as an operation of compiled loops: what the compiler does not find by itself."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 16


@intrinsic  # type: ignore[untyped-decorator]
def add_lanes(_context: Any, into: Any, other: Any, kind: Any) -> tuple[Any, Callable[..., Any]]:
    """Add the LANES numbers at the address `other` to those at address `into`; kind is one such number."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_value_type(signature.args[2])
        lanes = ir.VectorType(number, LANES)
        places = [builder.inttoptr(address, lanes.as_pointer()) for address in arguments[:2]]
        loaded = [builder.load(place) for place in places]
        stored = builder.store(builder.fadd(*loaded), places[0])
        for instruction in (*loaded, stored):  # arrays promise no more than the alignment of a number
            instruction.align = context.get_abi_sizeof(number)
        return context.get_dummy_value()

    return types.void(into, other, kind), code
