"""Choices by name: a registry knows names and where their objects live, and imports an object on first use.

    ARCHITECTURES = Registry("architecture", {"mlp": "netsci.models.mlp:ARCHITECTURE"})
    ARCHITECTURES.names              ("mlp",), nothing is imported
    ARCHITECTURES["mlp"]             imports netsci.models.mlp
    ARCHITECTURES.register("tiny", my_architecture)

So a recipe can check a name without importing torch, and a user adds a choice without editing netsci.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(MutableMapping[str, T], Generic[T]):
    """A mapping from names to objects, in the order in which they were registered.

    Parameters
    ----------
    kind : what the objects are, in the singular, for messages.
    table : the objects by name. An object may be given as "module:attribute": it is imported on first use.
    public : where users find this registry, such as "netsci.models.ARCHITECTURES", for messages.

    Raises
    ------
    TypeError, ValueError
        If a name is no text, or a path is not "module:attribute".

    Examples
    --------
    >>> roots = Registry("root", {"square": "math:sqrt"})
    >>> roots["square"](9.0), roots.names, "cube" in roots
    (3.0, ('square',), False)
    """

    def __init__(self, kind: str, table: Mapping[str, T | str], *, public: str = "") -> None:
        self.kind, self.public = kind, public
        self._objects: dict[str, Any] = {}
        for name, entry in table.items():
            self._add(name, entry)
        self.built_in = self.names

    @property
    def names(self) -> tuple[str, ...]:
        """All names; nothing is imported."""
        return tuple(self._objects)

    def register(self, name: str, entry: T | str, *, replace: bool = False) -> None:
        """Add an object, or the path "module:attribute" of one, under a name.

        Raises
        ------
        ValueError
            If the name is taken and replace is False, or a path is not "module:attribute".
        TypeError
            If the name is no text.

        Examples
        --------
        >>> roots = Registry("root", {"square": "math:sqrt"})
        >>> roots.register("whole", "math:isqrt")
        >>> roots["whole"](10)
        3
        """
        if name in self._objects and not replace:
            raise ValueError(
                f"the {self.kind} {name!r} is registered already: take another name, or set replace=True"
            )
        self._add(name, entry)

    def check(self, name: Any, parameter: str) -> None:
        """Raise ValueError, with all names, unless the value of a parameter is one of them.

        Examples
        --------
        >>> Registry("root", {"square": "math:sqrt"}).check("square", "root")
        """
        if not isinstance(name, str) or name not in self._objects:
            raise ValueError(self._explain(name, parameter))

    def _explain(self, name: Any, parameter: str) -> str:
        mend = f" (register your own with {self.public}.register)" if self.public else ""
        near = get_close_matches(name, list(self._objects), 1) if isinstance(name, str) else []
        close = f"; did you mean {near[0]!r}?" if near else ""
        return f"{parameter} must be one of {', '.join(self._objects)}; got {name!r}{close}{mend}"

    def _add(self, name: str, entry: T | str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"the name of a {self.kind} must be text; got {name!r}")
        if isinstance(entry, str):
            module, colon, attribute = entry.partition(":")
            if not (module and colon and attribute):
                raise ValueError(
                    f"the {self.kind} {name!r} must be an object or its path 'module:attribute'; "
                    f"got {entry!r}"
                )
        self._objects[name] = entry

    def __getitem__(self, name: str) -> T:
        """Return the object of a name; raise KeyError, with all names, if there is none."""
        if name not in self._objects:
            raise KeyError(self._explain(name, self.kind))
        entry = self._objects[name]
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            try:
                entry = getattr(import_module(module), attribute)
            except AttributeError as error:
                raise ImportError(
                    f"the {self.kind} {name!r} is registered as {entry!r}, but the module has no such "
                    f"attribute ({error}): register it again with replace=True and the right "
                    "'module:attribute'"
                ) from error
            self._objects[name] = entry
        found: T = entry
        return found

    def __setitem__(self, name: str, entry: T | str) -> None:
        """Add or replace, as a dictionary does; `register` refuses a name that is taken."""
        self._add(name, entry)

    def __delitem__(self, name: str) -> None:
        """Forget a name."""
        del self._objects[name]

    def __contains__(self, name: object) -> bool:
        """Whether the name is registered; nothing is imported."""
        return isinstance(name, str) and name in self._objects

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names; nothing is imported."""
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def __repr__(self) -> str:
        return f"Registry({self.kind!r}, {', '.join(self._objects)})"
