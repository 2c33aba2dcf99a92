"""Make the parts of pages: templates that escape all texts, JSON that cannot end its element, scripts."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from netsci.plot import theme


def environment(package: str) -> Environment:
    """Return a package's templates; they escape every text but Markdown's, and refuse unknown names."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=lambda name: not (name or "").endswith(".md"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def json_script(name: str, value: Any, *, encoded: bool = False) -> Markup:
    """Return a script element that holds a value as JSON, or a text that is JSON already if `encoded`.

    No text in it can end the element or begin another.

    >>> print(json_script("data", ["</script>"]))
    <script type="application/json" id="data">["\\u003c/script\\u003e"]</script>
    """
    text = value if encoded else json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup('<script type="application/json" id="{}">{}</script>').format(name, Markup(text))


@cache
def theme_script() -> Markup:
    """Return the element that page.js reads the colours of both modes from."""
    modes = {mode: theme.template(mode) for mode in ("light", "dark")}
    return json_script("theme", {"swaps": theme.swaps(), "templates": modes})


def has_webgl(trace_types: Any) -> bool:
    """Return whether one of plotly's trace types draws with WebGL, for which a page must grant eval."""
    return any(kind.endswith(("gl", "3d")) for kind in trace_types)


@cache
def plotly_script() -> Markup:
    """Return the text of plotly.js."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


@cache
def asset(name: str, package: str = "netsci.report") -> Markup:
    """Return a style sheet or script of ours."""
    return Markup(files(package).joinpath(name).read_text(encoding="utf-8"))
