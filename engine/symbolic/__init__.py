"""The algebra: sympy expressions of trees, short polynomials, derivatives and inverses.

The only room that imports sympy; import it inside the function that needs it. No text ever becomes an expression: symbols are made in
`Algebra.symbol`, everything else by constructors. `min`, `max`, `ceil`, `floor`, `//`, `%`, `round_up`, `abs` and choices are functions
of our own, which sympy neither evaluates nor rearranges.
"""

from .algebra import Algebra, Beyond
from .derivative import derivative
from .inverse import Inverse, inverse
from .polynomials import collect

__all__ = ["Algebra", "Beyond", "Inverse", "collect", "derivative", "inverse"]
