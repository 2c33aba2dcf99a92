"""What DCGS refuses, and the words that it says."""

from dataclasses import dataclass
from typing import Any

import pytest

from netsci.convert.dcgs import convert_steps
from netsci.convert.dcgs_plan import DcgsOptions
from tests.convert.traced import TracedStep, images, residual, trace


@dataclass(frozen=True)
class Toy:
    kind: str
    name: str
    inputs: tuple[int, ...]

    def run(self, values: Any, batch: int) -> Any:
        return values[self.inputs[0]]


def test_networks_that_it_cannot_convert():
    image = Toy("input", "x", ())
    with pytest.raises(ValueError, match=r"step 'a.b' is of kind 'attention', which dcgs cannot convert"):
        convert_steps([image, Toy("attention", "a.b", (0,))], [images()])
    with pytest.raises(ValueError, match="must read earlier steps"):
        convert_steps([image, Toy("add", "a", (2,)), Toy("add", "b", (0,))], [images()])
    with pytest.raises(ValueError, match="steps must hold at least the input"):
        convert_steps([], [images()])
    with pytest.raises(ValueError, match="no ReLU before which neurons could stand"):
        convert_steps([image, Toy("layer", "fc", (0,))], [images()])


@pytest.mark.parametrize(
    ("calibration", "error", "words"),
    [
        ([], ValueError, "at least one batch of training images; got none"),
        (images(), TypeError, r"write \[calibration\]"),
        ([images(0)], ValueError, "calibration must hold at least one value"),
        ([images() * float("nan")], ValueError, "calibration must be finite"),
        ([images().long()], TypeError, "calibration must be floating"),
    ],
)
def test_bad_calibration(calibration, error, words):
    with pytest.raises(error, match=words):
        convert_steps(trace(residual()), calibration)


def test_bad_runs():
    model = convert_steps(trace(residual()), [images(20, 2)])
    for steps, error in ((0, ValueError), (True, TypeError), (2.0, TypeError), (-1, ValueError)):
        with pytest.raises(error, match="steps must be"):
            model.run(images(), steps)
    with pytest.raises(ValueError, match="x must be finite"):
        model.run(images() / 0, 3)
    with pytest.raises(ValueError, match="x must hold at least one value"):
        model.run(images(0), 3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n": 0}, ValueError, "n must be at least 1"),
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"steps": True}, TypeError, "steps must be a whole number"),
        ({"neuron": "relu"}, ValueError, "neuron must be one of"),
        ({"theta": 3.0}, ValueError, "theta must be one of"),
        ({"scale": 0}, ValueError, "scale must be above 0"),
        ({"scale": float("nan")}, ValueError, "scale must be finite"),
        ({"coding": None}, ValueError, "coding must be one of"),
        ({"encode_image": 1}, TypeError, "encode_image must be True or False"),
        ({"iterations": 0}, ValueError, "iterations must be at least 1"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        DcgsOptions(**options)


def test_a_step_is_what_the_protocol_asks_for():
    step = trace(residual())[1]
    assert isinstance(step, TracedStep)
    assert (step.kind, step.name, step.inputs) == ("layer", "net.0", (0,))
