"""Compile loops with numba, and keep them on disk where that is possible.

numba refuses to compile where it cannot write its cache: a package of another user and no home folder, as in
a container that runs under a user of its own. Nothing but time depends on the cache, so it is left out there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


def njit(*, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator as `numba.njit`; a cache that cannot be written is left out.

    Examples
    --------
    >>> @njit(cache=True, nogil=True)
    ... def double(x):
    ...     return 2 * x
    >>> double(3)
    6
    """
    import numba

    def compile_loops(function: Callable[..., Any]) -> Any:
        made = numba.njit(**options)(function)
        if cache and hasattr(made, "enable_caching"):  # not with NUMBA_DISABLE_JIT
            with contextlib.suppress(RuntimeError):  # "no locator": each process then compiles what it calls
                made.enable_caching()
        return made

    return compile_loops
