"""Templates escape whatever stands in them; JSON in a page cannot end its element."""

import json
import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from netsci.report import markup

PACKAGES = ("netsci.report", "analysis.engine")


@pytest.mark.parametrize("package", PACKAGES)
def test_templates_escape_and_refuse_unknown_names(package):
    made = markup.environment(package)
    assert made.from_string("<p title='{{ x }}'>").render(x="'<&>\"") == "<p title='&#39;&lt;&amp;&gt;&#34;'>"
    with pytest.raises(UndefinedError):
        made.from_string("{{ y }}").render()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_template_turns_escaping_off(package):
    templates = [
        path for path in files(package).joinpath("templates").iterdir() if path.name.endswith("html")
    ]
    assert templates
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape", path.read_text())


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_in_a_page_is_what_was_put_in(value):
    script = markup.json_script("a<b", value)
    found = re.fullmatch(r'<script type="application/json" id="a&lt;b">([^<>&]*)</script>', script, re.DOTALL)
    assert found
    assert json.loads(found[1]) == value


def test_json_that_is_encoded_already_is_escaped_too():
    assert '"\\u003c/script\\u003e"' in markup.json_script("a", '"</script>"', encoded=True)


def test_webgl_is_told_by_the_kind_of_trace():
    assert markup.has_webgl(["scatter", "scattergl"])
    assert markup.has_webgl(["scatter3d"])
    assert not markup.has_webgl(["scatter", "heatmap"])
