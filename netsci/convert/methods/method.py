"""What a method of conversion is: its options, the steps that it can convert, and the function that does it.

    build(program, calibration, options) -> SpikingModel

    program      the network as `netsci.convert.program` has it; normalisations are not folded yet
    calibration  training images, see `netsci.convert.calibration.read_blocks`; None where the user gives none
    options      every option of the method, with its default where the user gives none

A method is one file of this folder and one line in METHODS, `"toy": "netsci.convert.methods.toy:METHOD"`
(outside of the package: `METHODS.register("toy", METHOD)`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from netsci.convert.building import describe
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible


@dataclass(frozen=True)
class Method:
    """A method of conversion; see the module.

    name : as users write it. about : one line. options : name -> (default, what it is). build : the function.
    takes : kinds of steps that it converts, see `netsci.convert.program.Step`. refusals : kind -> why it
    cannot, and what to do, for kinds that deserve a word of their own.
    """

    name: str
    about: str
    options: Mapping[str, tuple[Any, str]]
    build: Callable[[Program, Any, dict[str, Any]], Any]
    takes: frozenset[str]
    refusals: Mapping[str, str]

    def fill_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all options; raise TypeError if one is not the method's.

        Examples
        --------
        >>> from netsci.convert import METHODS
        >>> METHODS["snm"].fill_options({"compat": True})["compat"]
        True
        """
        unknown = sorted(set(given) - set(self.options))
        if "steps" in unknown and "window" in self.options:
            raise TypeError(
                f"{self.name} takes no steps: its T is a window, in which each neuron says its value once; "
                f"write window={given['steps']!r}"
            )
        if unknown:
            raise TypeError(
                f"{self.name} takes the options {', '.join(self.options)}, and none of another method; got "
                f"{', '.join(map(repr, unknown))}"
            )
        return {name: given.get(name, default) for name, (default, _) in self.options.items()}

    def check_steps(self, program: Program) -> None:
        """Raise `Unconvertible` at the first step that the method cannot convert: its name, why, a mend."""
        for step in program.steps:
            if step.kind not in self.takes:
                why = self.refusals.get(
                    step.kind, "this method does not know it: remove it, or take another method"
                )
                raise Unconvertible(f"{self.name} cannot convert {describe(step)}: {why}")
