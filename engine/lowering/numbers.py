"""Exact numbers over the axes of a grid: sums of products of whole columns, over products of whole columns.

A `Number` maps a product to how often it is there. A product is what is multiplied and what it is divided by, so that `width * (x / width)`
is `x` again before anything is computed, and what is left is whole nearly always. Everything below a line is at least 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm

from ..named import NamedTuple
from ..quantity import BITS
from ..quantity import whole as plain
from .nodes import Node, Nodes, Truth, Unsupported, Whole, high, low

Factors = tuple[Node, ...]
Product = tuple[Factors, Factors]
Number = dict[Product, int | Fraction]
NONE: Product = ((), ())
LONG = 3
"""Products a number that bears a name may have before it is computed as one column."""
MOST_CONTENDERS = 16
"""Arguments of a `min` or `max` that are held against one another."""


class Shared(NamedTuple):
    """Whole columns and what each is to be multiplied by: `scale`, over the product of `under`."""

    parts: tuple[Whole, ...]
    scale: Fraction
    under: Factors


def constant(value: int | Fraction) -> Number:
    """A number that is the same everywhere."""
    return {NONE: plain(value)} if value else {}


def known(number: Number) -> int | Fraction | None:
    """The value of a number that is the same everywhere."""
    if not number:
        return 0
    return plain(number[NONE]) if len(number) == 1 and NONE in number else None


def of(node: Whole, scale: Fraction | int = 1) -> Number:
    """A column as a number."""
    if isinstance(node, int):
        return constant(node * scale)
    return {((node,), ()): plain(scale)}


def _sorted(factors: Iterable[Node]) -> Factors:
    return tuple(sorted(factors, key=lambda node: node.index))


def _product(left: Product, right: Product) -> Product:
    """Two products multiplied, what stands above and below the line left out.

    Raises:
        Unsupported: when a value may be longer than a value may be, which is found one by one.
    """
    if NONE in (left, right):
        return left if right == NONE else right
    if sum(node.bits for part in (*left, *right) for node in part) > BITS - 200:
        raise Unsupported
    if not left[1] and not right[1]:
        return _sorted((*left[0], *right[0])), ()
    above, below = Counter((*left[0], *right[0])), Counter((*left[1], *right[1]))
    both = above & below
    return _sorted((above - both).elements()), _sorted((below - both).elements())


def add(left: Number, right: Number) -> Number:
    """`left + right`"""
    made = dict(left)
    for product, times in right.items():
        total = made.get(product, 0) + times
        if total:
            made[product] = total
        else:
            made.pop(product, None)
    return made


def scaled(number: Number, by: Fraction | int) -> Number:
    """`number * by`"""
    return {product: plain(times * by) for product, times in number.items()} if by else {}


def whole(number: Number) -> bool:
    """Whether it is whole everywhere, seen at once."""
    return all(not below and times.denominator == 1 for (_, below), times in number.items())


def held(number: Number) -> Number:
    """The same number, once it is proved that it is not longer than a value may be.

    Raises:
        Unsupported: when it may be, which is found one by one.
    """
    most = under = 0
    for (above, below), times in number.items():
        size = times.numerator.bit_length()
        for node in above:
            size += node.bits
        most = max(most, size)
        under += times.denominator.bit_length()
        for node in below:
            under += node.bits
    if most + under > BITS:
        raise Unsupported
    return number


class Numbers:
    """Operations on numbers that may need new columns.

    Args:
        nodes: where columns are made.
        opens: whether what is common to an extreme and one inside of it is sought, which makes fewer columns and takes longer.
    """

    def __init__(self, nodes: Nodes, *, opens: bool = True) -> None:
        self.nodes = nodes
        self.opens = opens
        self._extremes: dict[tuple[str, int], tuple[list[Number], Shared]] = {}  # by function and column: of what it is the extreme

    def multiply(self, left: Number, right: Number) -> Number:
        """`left * right`"""
        if len(left) > 1 and len(right) > 1:
            left = self.single(left)
            right = self.single(right)
        elif len(left) > 1 and known(right) is None:
            left = self.single(left)
        elif len(right) > 1 and known(left) is None:
            right = self.single(right)
        made: Number = {}
        for one, times in left.items():
            for two, more in right.items():
                made = add(made, {_product(one, two): plain(times * more)})
        return made

    def divide(self, left: Number, right: Number) -> tuple[Number, Truth]:
        """`left / right`, and where there is no such number."""
        right = self.single(right)
        if not right:
            return {}, True
        (((above, below), times),) = right.items()
        bad: Truth = False
        made = scaled({_product(product, (below, ())): each for product, each in left.items()} if below else left, Fraction(1) / times)
        for factor in above:
            zero = self.nodes.compare("==", factor, 0)
            bad = self.nodes.either(bad, zero)
            by = self.nodes.instead(zero, 1, factor)
            if low(by) < 1:
                if high(by) >= 1:
                    assert isinstance(by, Node)
                    made = self.multiply(made, of(self.nodes.sign(by)))
                    by = self.nodes.larger(self.nodes.absolute(by), 1)
                else:
                    made, by = scaled(made, -1), self.nodes.negative(by)
            if isinstance(by, Node):
                made = {_product(product, ((), (by,))): each for product, each in made.items()}
            else:
                made = scaled(made, Fraction(1, by))
        return made, bad

    def single(self, number: Number) -> Number:
        """The same number as one product."""
        if len(number) < 2:
            return number
        shared = self.shared([number])
        node = shared.parts[0]
        if isinstance(node, int):
            return {((), shared.under): node * shared.scale} if node else {}
        return {_product(((node,), ()), ((), shared.under)): plain(shared.scale)}

    def shared(self, numbers: Sequence[Number]) -> Shared:
        """The numbers as whole columns that have the same scale and the same line."""
        below: Counter[Node] = Counter()
        for number in numbers:
            for _, under in number:
                if under:
                    below |= Counter(under)
        every = [times for number in numbers for times in number.values()]
        scale = lcm(*(times.denominator for times in every)) if every else 1
        content = gcd(*(int(times * scale) for times in every)) if every else 1
        parts = []
        for number in numbers:
            terms = []
            for (above, under), times in number.items():
                factors = _sorted((*above, *(below - Counter(under)).elements())) if below else above
                terms.append((int(times * scale) // content, factors))
            parts.append(self._sum(terms))
        return Shared(tuple(parts), Fraction(content, scale), _sorted(below.elements()))

    def over(self, number: Number) -> tuple[Whole, Whole]:
        """Two whole columns whose quotient it is; the second is at least 1."""
        shared = self.shared([number])
        above = self.nodes.multiply(shared.parts[0], shared.scale.numerator)
        return above, self._times(shared.scale.denominator, shared.under)

    def _sum(self, terms: Sequence[tuple[int, Factors]]) -> Whole:
        """A sum of products. What depends on the same axes is added first, the fewest axes first: the grid itself is touched last."""
        offset = sum(times for times, factors in terms if not factors)
        groups: dict[int, list[tuple[int, Factors]]] = {}
        for times, factors in terms:
            if factors:
                axes = 0
                for factor in factors:
                    axes |= factor.axes
                groups.setdefault(axes, []).append((times, factors))
        found: Whole = offset
        for axes in sorted(groups, key=lambda axes: (axes.bit_count(), axes)):
            ordered = sorted(groups[axes], key=lambda term: term[0] < 0)
            part: Whole = self._times(*ordered[0])
            for times, factors in ordered[1:]:
                if times < 0:
                    part = self.nodes.subtract(part, self._times(-times, factors))
                else:
                    part = self.nodes.add(part, self._times(times, factors))
            found = self.nodes.add(found, part)
        return found

    def _times(self, times: int, factors: Factors) -> Whole:
        """A product of columns and a number, that number put where there are the fewest axes."""
        groups: dict[int, Whole] = {}
        for factor in factors:
            groups[factor.axes] = self.nodes.multiply(groups[factor.axes], factor) if factor.axes in groups else factor
        found: Whole = times
        for axes in sorted(groups, key=lambda axes: (axes.bit_count(), axes)):
            found = self.nodes.multiply(groups[axes], found)
        return found

    def floor(self, number: Number) -> Number:
        """`floor(number)`"""
        return number if whole(number) else of(self.nodes.floor_divide(*self.over(number)))

    def ceil(self, number: Number) -> Number:
        """`ceil(number)`"""
        return number if whole(number) else of(self.nodes.ceil_divide(*self.over(number)))

    def absolute(self, number: Number) -> Number:
        """`abs(number)`"""
        shared = self.shared([number])
        return self._back(self.nodes.absolute(shared.parts[0]), shared)

    def _back(self, part: Whole, shared: Shared) -> Number:
        if not shared.under:
            return of(part, plain(shared.scale))
        line: Number = {((), shared.under): plain(shared.scale)}
        return self.multiply(of(part), line)

    def compare(self, operator: str, left: Number, right: Number) -> Truth:
        """A comparison: what both are over is above 0 and falls away."""
        first, second = self.shared([left, right]).parts
        return self.nodes.compare(operator, first, second)

    def where(self, condition: Truth, yes: Number, no: Number) -> Number:
        """`yes if condition else no`"""
        if isinstance(condition, bool):
            return yes if condition else no
        if yes == no:
            return yes
        shared = self.shared([yes, no])
        return self._back(self.nodes.where(condition, *shared.parts), shared)

    def extreme(self, function: str, numbers: Sequence[Number], there: Sequence[Truth]) -> Number:
        """`min` or `max` of the numbers that are there, 0 of none."""
        if not numbers:
            return {}
        if all(here is True for here in there):
            return self._of_all(function, list(numbers))
        shared = self.shared(numbers)
        pick = self.nodes.larger if function == "max" else self.nodes.smaller
        if function == "max" and all(low(part) >= 0 for part in shared.parts):  # what is not there is 0, the least of all
            return self._of_all(function, list(numbers))
        found, present = shared.parts[0], there[0]
        for part, here in zip(shared.parts[1:], there[1:], strict=True):
            better = self.nodes.where(self.nodes.both(here, present), pick(found, part), self.nodes.where(here, part, found))
            found, present = better, self.nodes.either(present, here)
        return self._back(self.nodes.where(present, found, 0), shared)

    def _of_all(self, function: str, numbers: list[Number]) -> Number:
        """`min` or `max` of numbers that are all there: without those that never are it, and with what all share outside."""
        if self.opens:
            numbers = self._contenders(function, self._opened(function, numbers))
        common = {product: times for product, times in numbers[0].items() if all(other.get(product) == times for other in numbers)}
        if len(numbers) == 1:
            return numbers[0]
        rests = [{product: times for product, times in number.items() if product not in common} for number in numbers]
        shared = self.shared(rests)
        pick = self.nodes.larger if function == "max" else self.nodes.smaller
        found = shared.parts[0]
        for part in shared.parts[1:]:
            found = pick(found, part)
        if isinstance(found, Node) and not shared.under:
            self._extremes[function, found.index] = rests, shared
        return add(self._back(found, shared), common)

    def _opened(self, function: str, numbers: list[Number]) -> list[Number]:
        """The numbers with an extreme inside of one opened, where that does not make more to compute."""
        for position, number in enumerate(numbers):
            for product, times in number.items():
                inner = self._extremes.get((function, product[0][0].index)) if len(product[0]) == 1 and not product[1] else None
                if inner is None or times < 0:
                    continue
                rest = {other: each for other, each in number.items() if other != product}
                factor = Fraction(times) / inner[1].scale
                opened = [add(rest, scaled(each, factor)) for each in inner[0]]
                made = self._contenders(function, [*numbers[:position], *opened, *numbers[position + 1 :]])
                if sum(map(len, made)) <= sum(map(len, numbers)) + sum(map(len, inner[0])):
                    return self._opened(function, made)
        return numbers

    def _contenders(self, function: str, numbers: list[Number]) -> list[Number]:
        """The numbers without those that never are the extreme because another is not below (or not above) them."""
        if len(numbers) > MOST_CONTENDERS:
            return numbers
        left = list(numbers)
        for number in numbers:
            for other in left:
                above, under = (other, number) if function == "max" else (number, other)
                if other is not number and _never_negative(add(above, scaled(under, -1))):
                    left = [each for each in left if each is not number]
                    break
        return left


def _never_negative(number: Number) -> bool:
    """Whether a number is never below 0, seen from the bounds of each of its products."""
    least: int | Fraction = 0
    for (above, under), times in number.items():
        lowest: int | Fraction = 1
        highest: int | Fraction = 1
        for factor in above:
            corners = (lowest * factor.low, lowest * factor.high, highest * factor.low, highest * factor.high)
            lowest, highest = min(corners), max(corners)
        for factor in under:
            ends = (Fraction(1, factor.high), Fraction(1, factor.low))
            corners = (lowest * ends[0], lowest * ends[1], highest * ends[0], highest * ends[1])
            lowest, highest = min(corners), max(corners)
        least += (lowest if times > 0 else highest) * times
    return least >= 0
