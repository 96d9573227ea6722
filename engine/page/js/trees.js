// Working with the trees of formulas: their value, and the tree with the numbers put in.
const Trees = (() => {
  const FOLDS = { "+": "a", "-": "s", "*": "m", "/": "d", "//": "q", "%": "r" };
  const COMPARES = { "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge" };
  const CALLS = { ceil: "ceil", floor: "floor", abs: "abs", round_up: "up", sum: "sum", count: "count", length: "len", min: "min", max: "max" };

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

  // The same node over other parts.
  function rebuilt(tree, change) {
    const made = { ...tree };
    for (const [key, part] of Object.entries(tree)) {
      if (Array.isArray(part) && part.every((each) => typeof each === "object")) made[key] = part.map(change);
      else if (part !== null && typeof part === "object" && typeof part.kind === "string") made[key] = change(part);
    }
    return made;
  }

  // The tree with the value of each name in its place.
  function numbers(values, tree) {
    if (!["name", "cell", "item"].includes(tree.kind)) return Plan.children(tree).length ? rebuilt(tree, (part) => numbers(values, part)) : tree;
    let found;
    try {
      found = value(values, tree);
    } catch (error) {
      if (error instanceof Plan.Stop || error instanceof Exact.Undefined) return tree;
      throw error;
    }
    if (typeof found === "boolean") return { kind: "truth", value: found };
    if (typeof found === "string") return { kind: "word", word: found };
    if (Array.isArray(found)) return { kind: "word", word: `[${found.join(", ")}]` };
    return { kind: "constant", value: found, text: Exact.whole(found) ? Quantity.grouped(found) : "" };
  }

  return Object.freeze({ value, numbers });
})();
