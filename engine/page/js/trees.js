// Working with the trees of formulas: their value, and the tree with the numbers put in.
const Trees = (() => {
  const FOLDS = { "+": "a", "-": "s", "*": "m", "/": "d", "//": "q", "%": "r" };
  const COMPARES = { "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge" };
  const CALLS = {
    ceil: "ceil",
    floor: "floor",
    abs: "abs",
    round_up: "up",
    sum: "sum",
    count: "count",
    length: "len",
    min: "min",
    max: "max",
  };

  // The value of a part of a formula.
  function value(values, tree) {
    const o = values.computing;
    const of = (part) => value(values, part);
    switch (tree.kind) {
      case "constant":
      case "truth":
        return tree.value;
      case "word":
        return tree.word;
      case "name":
        return o.v(tree.id);
      case "cell":
        return tree.path.length === 3 ? o.k(tree.table, tree.path[1], tree.path[2]) : o.c(tree.id, tree.table, tree.path[1]);
      case "fold":
        return tree.operators.reduce((left, sign, at) => o[FOLDS[sign]](left, of(tree.operands[at + 1])), of(tree.operands[0]));
      case "power":
        return o.p(of(tree.base), of(tree.exponent));
      case "negative":
        return o.neg(of(tree.operand));
      case "not":
        return !of(tree.operand);
      case "compare":
        return o[COMPARES[tree.operator]](of(tree.left), of(tree.right));
      case "logic":
        return tree.operator === "and" ? tree.operands.every(of) : tree.operands.some(of);
      case "choose":
        return of(of(tree.condition) ? tree.yes : tree.no);
      case "item":
        return o.item(of(tree.listed), of(tree.position));
      default: {
        const extreme = tree.function === "min" || tree.function === "max";
        return o[CALLS[tree.function]](...tree.arguments.map((part) => (extreme && part.kind === "name" ? o.u(part.id) : of(part))));
      }
    }
  }

  // Whether a condition holds; undefined where that cannot be said.
  function holds(values, tree) {
    try {
      return value(values, tree) === true;
    } catch (error) {
      if (error instanceof Plan.Stop || error instanceof Exact.Undefined) return undefined;
      throw error;
    }
  }

  // A change [id, value] that makes a simple condition hold; undefined for others.
  function remedy(tree) {
    if (tree.kind === "name") return [tree.id, true];
    if (tree.kind === "not" && tree.operand.kind === "name") return [tree.operand.id, false];
    if (tree.kind !== "compare" || tree.left.kind !== "name") return undefined;
    const value = tree.right.word ?? tree.right.value;
    if (value === undefined) return undefined;
    if (tree.operator === "==" || tree.operator === ">=" || tree.operator === "<=") return [tree.left.id, value];
    return tree.operator === ">" && Exact.isNumber(value) ? [tree.left.id, Exact.add(value, 1)] : undefined;
  }

  // The same node over other parts.
  function rebuilt(tree, change) {
    const made = { ...tree };
    for (const [key, part] of Object.entries(tree)) {
      if (Array.isArray(part) && part.every((each) => typeof each === "object")) made[key] = part.map(change);
      else if (part !== null && typeof part === "object" && typeof part.kind === "string") made[key] = change(part);
    }
    return made;
  }

  // The value of a part; undefined where there is none.
  function attempt(values, tree) {
    try {
      return value(values, tree);
    } catch (error) {
      if (error instanceof Plan.Stop || error instanceof Exact.Undefined) return undefined;
      throw error;
    }
  }

  // The tree with the value of each name in its place, and the side taken in place of each choice.
  function numbers(values, tree) {
    const holds = tree.kind === "choose" ? attempt(values, tree.condition) : undefined;
    if (holds !== undefined) return numbers(values, holds ? tree.yes : tree.no);
    if (!["name", "cell", "item"].includes(tree.kind))
      return Plan.children(tree).length ? rebuilt(tree, (part) => numbers(values, part)) : tree;
    const found = attempt(values, tree);
    if (found === undefined) return tree;
    if (typeof found === "boolean") return { kind: "truth", value: found };
    if (typeof found === "string") return { kind: "word", word: found };
    if (Array.isArray(found)) return { kind: "word", word: `[${found.join(", ")}]` };
    return { kind: "constant", value: found, text: Exact.whole(found) ? Quantity.grouped(found) : "" };
  }

  const RANK = { choose: 0, or: 1, and: 2, not: 3, compare: 4, sum: 5, product: 6, negative: 7, power: 8, atom: 9 };

  function rank(tree) {
    if (tree.kind === "logic") return RANK[tree.operator];
    if (tree.kind === "fold") return RANK["+-".includes(tree.operators[0]) ? "sum" : "product"];
    if (tree.kind === "constant" && !Exact.whole(tree.value) && !tree.text) return RANK.product;
    return RANK[tree.kind] ?? RANK.atom;
  }

  // A tree as formula text.
  function text(tree, least = 0) {
    const made = written(tree);
    return rank(tree) < least ? `(${made})` : made;
  }

  function written(tree) {
    switch (tree.kind) {
      case "constant":
        return tree.text || String(tree.value);
      case "truth":
        return String(tree.value);
      case "word":
        return tree.word;
      case "name":
        return tree.name;
      case "cell":
        return tree.path.join(".");
      case "fold":
        return tree.operands
          .map((part, at) => (at ? `${tree.operators[at - 1]} ${text(part, rank(tree) + 1)}` : text(part, rank(tree))))
          .join(" ");
      case "power":
        return `${text(tree.base, RANK.atom)}**${text(tree.exponent, RANK.negative)}`;
      case "negative":
        return `-${text(tree.operand, RANK.negative)}`;
      case "compare":
        return `${text(tree.left, RANK.sum)} ${tree.operator} ${text(tree.right, RANK.sum)}`;
      case "logic":
        return tree.operands.map((part) => text(part, rank(tree) + 1)).join(` ${tree.operator} `);
      case "not":
        return `not ${text(tree.operand, RANK.not)}`;
      case "choose":
        return `${text(tree.yes, 1)} if ${text(tree.condition, 1)} else ${text(tree.no)}`;
      case "item":
        return `${text(tree.listed, RANK.atom)}[${text(tree.position)}]`;
      default:
        return `${tree.function}(${tree.arguments.map((part) => text(part)).join(", ")})`;
    }
  }

  return Object.freeze({ value, holds, remedy, numbers, text });
})();
