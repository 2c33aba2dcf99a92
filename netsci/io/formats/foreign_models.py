"""Models of other tools that are told by their first bytes and not read: SavedModel, flax, Equinox."""

from __future__ import annotations

import re

_LEAVES = "save the leaves as npz, each under its name: numpy.savez(file, **{name: array})"
_SAVED_MODEL = (
    "save the weights: tf.keras.models.load_model(FOLDER).save_weights('net.weights.h5'), or "
    "numpy.savez of its "
    "variables"
)
_FLAX = "save the parameters as npz, or as safetensors: safetensors.flax.save_file(flat, 'net.safetensors')"


def find_model(head: bytes) -> tuple[str, str] | None:
    """Return what a model is and the mend, or None for none that is known here."""
    if _is_saved_model(head):
        return "a TensorFlow SavedModel, which is not read", _SAVED_MODEL
    if head[:1] == b"\n" and re.search(rb"\x12\x05Const|\x12\x0bPlaceholder|\x12\x0aVariableV2", head):
        return "a TensorFlow GraphDef, which is not read", _SAVED_MODEL
    if _is_flax(head):
        return "a msgpack file as flax writes it, which is not read", _FLAX
    if head[:1] == b"{" and re.search(rb"\n\x93NUMPY", head):
        return "a model of Equinox (settings, then its leaves), whose layers have no names", _LEAVES
    return None


def _is_saved_model(head: bytes) -> bool:
    """Schema version 1, then a graph that begins with what describes it; ONNX names its maker there."""
    if head[:3] != b"\x08\x01\x12":
        return False
    place = 3
    while place < min(len(head), 13) and head[place] & 0x80:  # the length, seven bits to a byte
        place += 1
    return (
        head[place + 1 : place + 2] in (b"\n", b"\x12", b"\x1a") and not head[place + 2 : place + 3].isalpha()
    )


def _is_flax(head: bytes) -> bool:
    """A map whose first key is a short text, and in it numbers of the type that flax gives to arrays."""
    if not head:
        return False
    first = head[0]
    place = 1 if 0x81 <= first <= 0x8F else 3 if first == 0xDE else 5 if first == 0xDF else 0
    if not place or len(head) <= place or not 0xA1 <= head[place] <= 0xBF:
        return False
    key = head[place + 1 : place + 1 + head[place] - 0xA0]
    is_array = re.search(rb"(\xc7.|\xc8..|\xc9....|[\xd4-\xd8])\x01", head, re.DOTALL) is not None
    return is_array and re.fullmatch(rb"[\x20-\x7e]+", key) is not None
