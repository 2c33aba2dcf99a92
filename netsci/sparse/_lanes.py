"""Vectors of numbers, one a sample, as a type of compiled loops: a few registers of the processor.

Compiled loops over samples cannot keep their sums in registers while links go by: every link reads and writes
them in memory. A `Lanes` can be kept: `load` takes so many neighbouring elements of an array, `multiply` and
`add` treat each lane by itself (a processor that can do both at once does), `store` puts them back. The
compiler splits a vector into as many registers as it needs. Sums of lanes run in an order of their own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

_ONCE = ("contract",)  # a product and its sum may be rounded once, as in the other kernels
_Code = Callable[[Any, Any, Any, Any], Any]


class Lanes(types.Type):
    """A vector of `width` numbers of one type."""

    def __init__(self, dtype: Any, width: int) -> None:
        self.dtype, self.width = dtype, width
        super().__init__(name=f"Lanes({dtype}, {width})")


@register_model(Lanes)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        number = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(number, lanes.width))


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def load(_: Any, array: Any, place: Any, width: Any) -> tuple[Any, _Code]:
    """Return the elements `place` to `place + width - 1` of a flat array; the width is a constant."""
    lanes = Lanes(array.dtype, width.literal_value)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature, arguments, lanes)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return lanes(array, place, width), code


@intrinsic  # type: ignore[untyped-decorator]
def store(_: Any, array: Any, place: Any, lanes: Any) -> tuple[Any, _Code]:
    """Put a vector into a flat array, from `place` on."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature, arguments, lanes)
        builder.store(arguments[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, place, lanes), code


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any, lanes: Lanes) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = context.cast(builder, arguments[1], signature.args[1], types.uintp)
    first = builder.gep(array.data, [place])
    return builder.bitcast(first, context.get_value_type(lanes).as_pointer())


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def spread(_: Any, number: Any, width: Any) -> tuple[Any, _Code]:
    """Return a vector with one number in every lane."""
    lanes = Lanes(number, width.literal_value)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _spread(builder, arguments[0], context.get_value_type(lanes))

    return lanes(number, width), code


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    return _pick(builder, one, one, [0] * kind.count)


@intrinsic  # type: ignore[untyped-decorator]
def add(_: Any, left: Any, right: Any) -> tuple[Any, _Code]:
    """Return the sum of two vectors, lane by lane."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments, flags=_ONCE)

    return left(left, right), code


@intrinsic  # type: ignore[untyped-decorator]
def multiply(_: Any, left: Any, right: Any) -> tuple[Any, _Code]:
    """Return the product of a number or a vector and a vector, lane by lane."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, lanes = arguments
        if not isinstance(left, Lanes):
            factor = _spread(builder, factor, lanes.type)
        return builder.fmul(factor, lanes, flags=_ONCE)

    return right(left, right), code


@intrinsic  # type: ignore[untyped-decorator]
def multiply_and_fold(_: Any, left: Any, right: Any) -> tuple[Any, _Code]:
    """Return the product of two vectors, halves added to each other until at most 16 lanes are left."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _fold(builder, builder.fmul(*arguments, flags=_ONCE), 16)

    return Lanes(left.dtype, min(left.width, 16))(left, right), code


@intrinsic  # type: ignore[untyped-decorator]
def total(_: Any, lanes: Any) -> tuple[Any, _Code]:
    """Return the sum of the lanes; their number is a power of 2. One half is added to the other, again."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(_fold(builder, arguments[0], 1), ir.IntType(32)(0))

    return lanes.dtype(lanes), code


@intrinsic  # type: ignore[untyped-decorator]
def totals(_: Any, a: Any, b: Any, c: Any, d: Any) -> tuple[Any, _Code]:
    """Return the sums of the lanes of four vectors, of 4, 8 or 16 lanes, as a vector of four."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        parts = list(arguments)
        # Groups of four lanes, for registers shuffle within such a group at once: a0+a2 b0+b2 a1+a3 b1+b3.
        first, second = (
            _add_picked(builder, left, right, (0, 4, 1, 5), (2, 6, 3, 7))
            for left, right in (parts[:2], parts[2:])
        )
        return _fold(builder, _add_picked(builder, first, second, (0, 1, 4, 5), (2, 3, 6, 7)), 4)

    return Lanes(a.dtype, 4)(a, b, c, d), code


def _fold(builder: Any, lanes: Any, width: int) -> Any:
    """Add one half of a vector to the other until `width` lanes are left."""
    while lanes.type.count > width:
        half = lanes.type.count // 2
        low, high = (_pick(builder, lanes, lanes, range(i, i + half)) for i in (0, half))
        lanes = builder.fadd(low, high, flags=_ONCE)
    return lanes


def _add_picked(builder: Any, left: Any, right: Any, these: Sequence[int], those: Sequence[int]) -> Any:
    """Add lanes picked in every group of four: 0 to 3 stand for the left vector, 4 to 7 for the right."""
    count = left.type.count
    picked = [
        _pick(
            builder,
            left,
            right,
            [group + i + (i > 3) * (count - 4) for group in range(0, count, 4) for i in four],
        )
        for four in (these, those)
    ]
    return builder.fadd(*picked, flags=_ONCE)


def _pick(builder: Any, left: Any, right: Any, lanes: Sequence[int]) -> Any:
    places = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(left, right, places)
