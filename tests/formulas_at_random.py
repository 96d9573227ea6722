"""Rules files at random, for tests that compare a clever answer with trying every value. They use `x`, which moves, and `y`, which is 3."""

from __future__ import annotations

from hypothesis import strategies as st

SMALL = [str(number) for number in (0, 1, 2, 3, 5, 7, 10)] + ["1/2", "2.5"]
leaves = st.one_of(st.just("x"), st.just("x"), st.just("x"), st.just("y"), st.sampled_from(SMALL))


def _larger(inner):
    compares = st.builds("({} {} {})".format, inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner)
    truths = st.one_of(
        compares,
        st.builds("({} and {})".format, compares, compares),
        st.builds("({} or {})".format, compares, compares),
        st.builds("(not {})".format, compares),
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "*"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["/", "//", "%"]), inner),
        st.builds("({} - {} + {})".format, inner, inner, inner),
        st.builds("({} * {} // {})".format, inner, inner, st.sampled_from(["2", "3", "y"])),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("{}({})".format, st.sampled_from(["ceil", "floor", "abs"]), inner),
        st.builds("round_up({}, {})".format, inner, st.sampled_from(["2", "y", "5", "(x + 3)"])),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "0", "-1"])),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, truths, inner),
    )


numbers = st.recursive(leaves, _larger, max_leaves=8)
conditions = st.builds("{} {} {}".format, numbers, st.sampled_from(["<", "<=", "==", ">", "!="]), numbers)

_TEXT = """
inputs:
  x: {{type: {kind}, {bounds}}}
  y: {{type: integer, default: 3}}
  d: {{type: {other}, min: -50, default: '0 + {a}'}}
rules:
  g: {{when: '{when}', formula: '{b}'}}
  h: {{cases: [{{when: '{first}', formula: '{c}'}}, {{otherwise: 'g + 1'}}]}}
  w: {{cases: [{{when: '{second}', formula: red}}, {{otherwise: blue}}]}}
  f: '{use}'
  unused: {{cases: [{{when: 'colour == red', formula: 1}}, {{otherwise: 2}}]}}
"""
_USES = ["{z}", "g + {z}", "max(g, {z})", "min(g, h)", "h * 2 + {z}", "d - {z}", "{z} if w == red else h", "max(g, g)", "h * {z}"]


@st.composite
def documents(draw, kind, bounds="doc: moves"):
    """A rules file with an input `x` of this kind and a rule `f`."""
    text = _TEXT.replace("rules:", "  colour: {{type: choice, choices: [red, blue], default: red}}\nrules:")
    return text.format(
        kind=kind,
        bounds=bounds,
        other=draw(st.sampled_from(["number", "integer"])),
        a=draw(numbers),
        b=draw(numbers),
        c=draw(numbers),
        when=draw(conditions),
        first=draw(conditions),
        second=draw(conditions),
        use=draw(st.sampled_from(_USES)).format(z=draw(numbers)),
    )
