"""Trees as formula text, which reads back as the same tree; long ones over several lines."""

from __future__ import annotations

from collections.abc import Sequence

from ..formula import rank, write
from ..tree import Call, Choose, Fold, Logic, Tree

WIDTH = 110
"""Characters of a line."""
_STEP = "    "


def equation(name: str, tree: Tree, operator: str = "=") -> str:
    """`name = formula`, over several lines where it is long."""
    return f"{name} {operator} {laid_out(tree, len(name) + len(operator) + 2)}"


def document(equations: Sequence[tuple[str, Tree]], where: Sequence[tuple[str, Tree]] = ()) -> str:
    """Equations, and below them the definitions they use."""
    out = [equation(name, tree) for name, tree in equations]
    if where:
        out.append("where")
        out += ["  " + equation(name, tree).replace("\n", "\n  ") for name, tree in where]
    return "\n".join(out)


def laid_out(tree: Tree, used: int = 0, indent: str = _STEP) -> str:
    """The formula, broken before an operator where a line would be too long.

    Args:
        tree: what to write.
        used: characters that stand on the first line already.
        indent: what lines after the first begin with.
    """
    text = write(tree)
    if len(text) + used <= WIDTH:
        return text
    match tree:
        case Fold(operators, operands):
            inner = rank(tree)
            parts = [_part(operands[0], inner, indent, used)]
            parts += [
                f"{operator} {_part(operand, inner + 1, indent, len(indent) + 2)}"
                for operator, operand in zip(operators, operands[1:], strict=True)
            ]
            return _filled(parts, used, indent)
        case Logic(operator, operands):
            inner = rank(tree) + 1
            parts = [_part(operands[0], inner, indent, used)]
            parts += [f"{operator} {_part(operand, inner, indent, len(indent) + 4)}" for operand in operands[1:]]
            return _filled(parts, used, indent)
        case Choose(condition, yes, no):
            first = _part(yes, 1, indent, used)
            return (
                f"{first}\n{indent}if {_part(condition, 1, indent, len(indent) + 3)}\n{indent}else {laid_out(no, len(indent) + 5, indent)}"
            )
        case Call(function, arguments):
            deeper = indent + _STEP
            listed = f",\n{deeper}".join(laid_out(argument, len(deeper) + 1, deeper) for argument in arguments)
            return f"{function}(\n{deeper}{listed}\n{indent})"
    return text


def _part(tree: Tree, least: int, indent: str, used: int) -> str:
    """An operand, in brackets where it binds less than `least`."""
    if rank(tree) >= least:
        return laid_out(tree, used, indent)
    return f"({laid_out(tree, used + 2, indent + _STEP)})"


def _filled(parts: list[str], used: int, indent: str) -> str:
    """Parts side by side as long as they fit, else on a new line."""
    out = parts[0]
    length = used + len(parts[0].rsplit("\n", 1)[-1])
    for part in parts[1:]:
        if length + 1 + len(part.split("\n", 1)[0]) > WIDTH:
            out += f"\n{indent}{part}"
            length = len(indent)
        else:
            out += " " + part
            length += 1
        length = length + len(part) if "\n" not in part else len(part.rsplit("\n", 1)[-1])
    return out
