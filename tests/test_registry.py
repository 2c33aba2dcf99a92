import subprocess
import sys

import pytest

from netsci.registry import Registry


def registry():
    return Registry("root", {"square": "math:sqrt", "none": abs}, public="here.ROOTS")


def test_names_import_nothing_and_objects_import_on_use():
    script = (
        "import sys; from netsci.registry import Registry\n"
        "r = Registry('x', {'a': 'wave:Error', 'b': 'no.such.module:thing'})\n"
        "assert r.names == ('a', 'b') and 'a' in r and len(r) == 2 and list(r) == ['a', 'b']\n"
        "r.check('a', 'x'); repr(r)\n"
        "assert 'wave' not in sys.modules\n"
        "r['a']; assert 'wave' in sys.modules\n"
        "heavy = {'torch', 'numpy', 'netsci.graph'} & set(sys.modules); assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_object_or_its_path_may_be_registered():
    roots = registry()
    roots.register("cube", "math:isqrt")
    roots.register("plain", len)
    assert roots["cube"](10) == 3
    assert roots["plain"] is len
    assert roots.names == ("square", "none", "cube", "plain")
    assert roots.built_in == ("square", "none")


def test_a_taken_name_is_refused_unless_it_shall_be_replaced():
    roots = registry()
    with pytest.raises(ValueError, match=r"the root 'none' is registered already: .*replace=True"):
        roots.register("none", len)
    assert roots["none"] is abs
    roots.register("none", len, replace=True)
    assert roots["none"] is len


def test_it_is_a_dictionary_too(monkeypatch):
    roots = registry()
    monkeypatch.setitem(roots, "mine", len)
    monkeypatch.setitem(roots, "none", len)
    assert dict(roots)["mine"] is roots["none"] is len
    monkeypatch.undo()
    assert "mine" not in roots
    assert roots["none"] is abs
    with pytest.raises(KeyError):
        del roots["mine"]


@pytest.mark.parametrize("name", ["cube", None, ["square"], 3])
def test_an_unknown_name_is_named_with_those_there_are(name):
    with pytest.raises(ValueError, match=r"how must be one of square, none; got .*here.ROOTS.register"):
        registry().check(name, "how")


def test_an_unknown_key_is_a_key_error():
    with pytest.raises(KeyError, match="square, none; got 'cube'"):
        registry()["cube"]
    assert registry().get("cube") is None


@pytest.mark.parametrize("path", ["math", "math:", ":sqrt", ""])
def test_a_path_needs_module_and_attribute(path):
    with pytest.raises(ValueError, match="'module:attribute'"):
        registry().register("mine", path)


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_name_is_text(name):
    with pytest.raises(TypeError, match="name of a root must be text"):
        registry().register(name, len)


def test_a_path_that_leads_nowhere_says_so():
    roots = Registry("root", {"a": "math:no_such_root", "b": "no_such_module_here:x"})
    with pytest.raises(ImportError, match=r"'a' is registered as 'math:no_such_root'.*no_such_root"):
        roots["a"]
    with pytest.raises(ImportError, match="no_such_module_here"):
        roots["b"]
