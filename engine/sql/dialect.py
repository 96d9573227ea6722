"""What databases differ in where numbers must stay exact: how large they may be, and how whole numbers are divided."""

from __future__ import annotations

from sqlglot import Dialects, exp
from sqlglot.dialects.dialect import Dialect as Grammar

from ..errors import CommandError, Problem, plain, suggest
from ..named import NamedTuple

LARGEST = 10**150
"""Numbers are not larger in a database that has no bound, so that the product of two is still a double."""
_DECIMAL = "DECIMAL(38, 0)"


class Dialect(NamedTuple):
    """A database.

    `wide` is the type of whole numbers over 64 bits and `most` how large they may be in it; where there is no such type, it is BIGINT.
    `division` is how `a / b` is made whole where both are at least 0: the operator sqlglot has for it (`whole`), the plain one, which
    divides whole numbers so (`plain`), after taking off what is left over (`rest`), or a function of this name.
    `lists`: what presets give is looked up in lists, so that rows stay in their order, which a join of DuckDB does not keep.
    `fence` keeps the steps of a query apart where a step put into the next one is written out as often as it is used: `materialized`, or an
    `offset` of 0, which PostgreSQL takes for one and which keeps nothing.
    `values`: whether rows of constants may stand as `VALUES`; `decimals`: whether there are exact decimals.
    """

    name: str
    wide: exp.DataType
    most: int
    division: str
    values: bool = False
    decimals: bool = True
    fence: str = ""
    lists: bool = False

    @property
    def room(self) -> int:
        """What a sum or product may be where bounds do not prove that it fits; some more of them may then be added without asking again."""
        return self.most // 64 if self.decimals else self.most

    @property
    def least(self) -> str:
        """The function for the smaller of two."""
        return "MIN" if self.name == "sqlite" else "LEAST"

    @property
    def greatest(self) -> str:
        """The function for the larger of two."""
        return "MAX" if self.name == "sqlite" else "GREATEST"


def dialect(name: str) -> Dialect:
    """A database by the name sqlglot has for it.

    Raises:
        CommandError: when it has none such.
    """
    known = sorted(each.value for each in Dialects if each.value)
    if name not in known:
        hint = suggest(name, known) or f"one of {', '.join(known)}"
        raise CommandError(Problem(f"there is no dialect `{plain(name)}`", None, hint))
    typed = bool(Grammar.get_or_raise(name).TYPED_DIVISION)
    decimal = exp.DataType.build(_DECIMAL)
    common = Dialect(name, decimal, 10**38 - 1, "plain" if typed else "rest")
    special = {
        "duckdb": Dialect(name, exp.DataType.build("INT128"), 2**127 - 1, "whole", values=True, lists=True),
        "postgres": Dialect(name, exp.DataType.build("DECIMAL"), LARGEST, "DIV", values=True, fence="offset"),
        "spark": common._replace(division="whole", values=True),
        "databricks": common._replace(division="whole", values=True),
        "hive": common._replace(division="whole"),
        "mysql": Dialect(name, exp.DataType.build("DECIMAL(65, 0)"), 10**65 - 1, "whole"),
        "bigquery": Dialect(name, exp.DataType.build("BIGDECIMAL"), 10**38 - 1, "DIV"),
        "clickhouse": common._replace(division="intDiv"),
        "sqlite": Dialect(name, exp.DataType.build("BIGINT"), 2**63 - 1, "plain", decimals=False, fence="materialized"),
    }
    return special.get(name, common)
