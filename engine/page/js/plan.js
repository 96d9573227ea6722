// The rules: what is asked for is computed in order, exactly as the engine does.
//
// A formula is a function over an algebra (see engine/emit/javascript.py). Here are two: `Computing` gives its value, `Opening` its tree.
// A state of a name is a value (number, Fraction, boolean, word, list), NOTHING where a rule does not apply, or an Absent that says why there is none.
const Plan = (() => {
  const NOTHING = Object.freeze({ nothing: true });

  class Absent {
    constructor(missing, problems) {
      this.missing = missing;
      this.problems = problems;
    }
  }
  const UNKNOWN = new Absent([], []);

  class Stop extends Error {
    constructor(absent) {
      super("");
      this.absent = absent;
    }
  }

  const wrong = (message) => {
    throw new Exact.Undefined(message);
  };

  // The value of a formula, over the states of names.
  class Computing {
    constructor(content, cells) {
      this.content = content;
      this.cells = cells;
    }
    v(id) {
      const found = this.cells[id];
      if (found instanceof Absent) throw new Stop(found);
      return found === NOTHING ? 0 : found;
    }
    u(id) {
      return this.cells[id] === NOTHING ? NOTHING : this.v(id);
    }
    c(id, table, column) {
      const row = this.content.tables[table].rows[this.v(id)];
      if (row === undefined || !Object.hasOwn(row, column)) wrong(`\`${this.content.names[id]}\` has no row here`);
      return row[column];
    }
    k(table, row, column) {
      return this.content.tables[table].rows[row][column];
    }
    if(condition, yes, no) {
      return condition ? yes() : no();
    }
    and(...parts) {
      return parts.every((part) => part());
    }
    or(...parts) {
      return parts.some((part) => part());
    }
    min(...parts) {
      return this.best(parts, -1);
    }
    max(...parts) {
      return this.best(parts, 1);
    }
    best(parts, way) {
      let found = NOTHING;
      for (const part of parts) {
        if (part !== NOTHING && (found === NOTHING || Exact.compare(part, found) * way > 0)) found = part;
      }
      return found === NOTHING ? 0 : found;
    }
    item(listed, position) {
      const list = listed || [];
      if (typeof position !== "number" || position < 0 || position >= list.length) {
        wrong(`the list has no element ${position}; it has ${list.length}`);
      }
      return list[position];
    }
    sum(listed) {
      const list = listed || [];
      if (list.some((each) => typeof each === "string")) wrong("the list holds words, and only numbers have a sum");
      return list.reduce((sum, each) => this.a(sum, each), 0);
    }
    count(listed, value) {
      return (listed || []).filter((each) => Exact.equal(each, value)).length;
    }
    len(listed) {
      return (listed || []).length;
    }
  }
  const BOUNDED = { a: "add", s: "subtract", m: "multiply", d: "divide", q: "floorDivide", r: "modulo", p: "power", up: "roundUp" };
  for (const [name, operation] of Object.entries(BOUNDED)) {
    const work = Exact[operation];
    Computing.prototype[name] = (a, b) => Exact.kept(work(a, b));
  }
  Object.assign(Computing.prototype, {
    n: Quantity.literal,
    neg: Exact.negative,
    not: (a) => !a,
    eq: Exact.equal,
    ne: (a, b) => !Exact.equal(a, b),
    lt: (a, b) => Exact.compare(a, b) < 0,
    le: (a, b) => Exact.compare(a, b) <= 0,
    gt: (a, b) => Exact.compare(a, b) > 0,
    ge: (a, b) => Exact.compare(a, b) >= 0,
    ceil: Exact.ceil,
    floor: Exact.floor,
    abs: Exact.magnitude,
  });

  // The tree of a formula: what engine/tree.py calls Constant is { kind: "constant", value, text }, and so on.
  class Opening {
    constructor(content) {
      this.content = content;
    }
    lift(part) {
      if (typeof part === "number") return { kind: "constant", value: part, text: "" };
      if (typeof part === "string") return { kind: "word", word: part };
      return typeof part === "boolean" ? { kind: "truth", value: part } : part;
    }
    n(text) {
      return {
        kind: "constant",
        value: text.includes("/") ? Exact.parse(text) : Quantity.literal(text),
        text: text.includes("/") ? "" : text,
      };
    }
    v(id) {
      return { kind: "name", id, name: this.content.names[id] };
    }
    u(id) {
      return this.v(id);
    }
    c(id, table, column) {
      return { kind: "cell", id, table, path: [this.content.names[id], column] };
    }
    k(table, row, column) {
      return { kind: "cell", table, path: [this.content.tables[table].name, row, column] };
    }
    fold(sign, left, right) {
      const [first, second] = [this.lift(left), this.lift(right)];
      const sum = (operator) => operator === "+" || operator === "-";
      if (first.kind === "fold" && sum(first.operators[0]) === sum(sign)) {
        return { kind: "fold", operators: [...first.operators, sign], operands: [...first.operands, second] };
      }
      return { kind: "fold", operators: [sign], operands: [first, second] };
    }
    p(base, exponent) {
      return { kind: "power", base: this.lift(base), exponent: this.lift(exponent) };
    }
    neg(operand) {
      return { kind: "negative", operand: this.lift(operand) };
    }
    not(operand) {
      return { kind: "not", operand: this.lift(operand) };
    }
    if(condition, yes, no) {
      return { kind: "choose", condition: this.lift(condition), yes: this.lift(yes()), no: this.lift(no()) };
    }
    item(listed, position) {
      return { kind: "item", listed: this.lift(listed), position: this.lift(position) };
    }
  }
  for (const [name, sign] of Object.entries({ a: "+", s: "-", m: "*", d: "/", q: "//", r: "%" })) {
    Opening.prototype[name] = function fold(left, right) {
      return this.fold(sign, left, right);
    };
  }
  for (const [name, operator] of Object.entries({ eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" })) {
    Opening.prototype[name] = function compare(left, right) {
      return { kind: "compare", operator, left: this.lift(left), right: this.lift(right) };
    };
  }
  for (const operator of ["and", "or"]) {
    Opening.prototype[operator] = function logic(...parts) {
      return { kind: "logic", operator, operands: parts.map((part) => this.lift(part())) };
    };
  }
  for (const [name, word] of Object.entries({
    ceil: "ceil",
    floor: "floor",
    abs: "abs",
    up: "round_up",
    sum: "sum",
    count: "count",
    len: "length",
    min: "min",
    max: "max",
  })) {
    Opening.prototype[name] = function call(...parts) {
      return { kind: "call", function: word, arguments: parts.map((part) => this.lift(part)) };
    };
  }

  const PARTS = {
    fold: (tree) => tree.operands,
    logic: (tree) => tree.operands,
    call: (tree) => tree.arguments,
    power: (tree) => [tree.base, tree.exponent],
    negative: (tree) => [tree.operand],
    not: (tree) => [tree.operand],
    compare: (tree) => [tree.left, tree.right],
    choose: (tree) => [tree.condition, tree.yes, tree.no],
    item: (tree) => [tree.listed, tree.position],
  };
  const children = (tree) => PARTS[tree.kind]?.(tree) ?? [];

  // The rules of one file: the items in order (each has `id`), and the checks.
  class Program {
    constructor(content, formulas, items, checks) {
      this.content = content;
      this.formulas = formulas;
      this.items = items;
      this.checks = checks;
      this.byId = new Map(items.map((item) => [item.id, item]));
      this.byName = new Map(items.map((item) => [content.names[item.id], item]));
      this.trees = new Map();
      this.opening = new Opening(content);
    }

    name(id) {
      return this.content.names[id];
    }

    // The item of that name; undefined where there is none.
    item(name) {
      return this.byName.get(name);
    }

    // The tree of a formula, opened when it is first asked for.
    tree(formula) {
      if (!this.trees.has(formula)) this.trees.set(formula, this.opening.lift(this.formulas[formula](this.opening)));
      return this.trees.get(formula);
    }

    // The formulas of an item, conditions first.
    formulasOf(item) {
      if (item.input) return item.formula === undefined ? [] : [item.formula];
      return [item.when, ...item.cases.flat()].filter((formula) => formula !== undefined && formula !== null);
    }

    // The ids that an item needs directly.
    needs(item) {
      item.needs ??= [...new Set(this.formulasOf(item).flatMap((formula) => this.used(this.tree(formula))))];
      return item.needs;
    }

    used(tree) {
      return [...(tree.id === undefined ? [] : [tree.id]), ...children(tree).flatMap((part) => this.used(part))];
    }

    // These ids with all they need.
    ancestors(ids) {
      return reach(ids, (id) => this.needs(this.byId.get(id)));
    }

    // These ids with all that need them.
    descendants(ids) {
      this.users ??= users(this);
      return reach(ids, (id) => this.users.get(id) ?? []);
    }
  }

  function users(program) {
    const found = new Map();
    for (const item of program.items) {
      for (const id of program.needs(item)) found.has(id) ? found.get(id).push(item.id) : found.set(id, [item.id]);
    }
    return found;
  }

  function reach(ids, next) {
    const seen = new Set(ids);
    for (const id of seen) for (const further of next(id)) seen.add(further);
    return seen;
  }

  // The state of one item that is not given.
  function step(program, item, computing) {
    if (item.input && item.formula === undefined) return item.default === undefined ? new Absent([item.id], []) : item.default;
    const { formulas } = program;
    try {
      if (item.input) return held(program, item, formulas[item.formula](computing));
      if (item.when !== undefined && !formulas[item.when](computing)) return NOTHING;
      for (const [condition, body] of item.cases) {
        if (condition === null || formulas[condition](computing)) return formulas[body](computing);
      }
    } catch (error) {
      if (error instanceof Stop) return error.absent;
      if (!(error instanceof Exact.Undefined)) throw error;
      return new Absent([], [`\`${program.name(item.id)}\` cannot be computed: ${error.message}`]);
    }
    return new Absent([], [`no case of \`${program.name(item.id)}\` applies`]);
  }

  // A default that was computed, held to the type and bounds of its input.
  function held(program, item, value) {
    const trouble = Convert.unfit(item, value);
    if (!trouble) return value;
    const name = program.name(item.id);
    return new Absent([], [`the default of \`${name}\`, \`${Trees.text(program.tree(item.formula))}\`: ${name} ${trouble}`]);
  }

  // What came out: the state of every name, by its id.
  class Values {
    constructor(program, given, cells) {
      this.program = program;
      this.given = given;
      this.cells = cells;
      this.computing = new Computing(program.content, cells);
    }
    state(id) {
      return this.cells[id];
    }
    has(id) {
      const state = this.cells[id];
      return state !== undefined && state !== NOTHING && !(state instanceof Absent);
    }
    // 0 where a rule does not apply.
    number(id) {
      return this.cells[id] === NOTHING ? 0 : this.cells[id];
    }
    origin(item) {
      const known = this.given.get(item.id);
      if (!item.input) return known ? "overridden" : "rule";
      return known ? known.origin : "default";
    }
    // The value of a formula, or an Absent.
    compute(formula) {
      try {
        return this.program.formulas[formula](this.computing);
      } catch (error) {
        if (error instanceof Stop) return error.absent;
        if (error instanceof Exact.Undefined) return new Absent([], [error.message]);
        throw error;
      }
    }
  }

  // Compute everything, or the ids in `wanted`, from given values: a map of ids to { value, origin, where }.
  function evaluate(program, given, wanted = null) {
    const cells = new Array(program.content.names.length).fill(UNKNOWN);
    const values = new Values(program, given, cells);
    for (const item of program.items) {
      if (wanted !== null && !wanted.has(item.id)) continue;
      const known = given.get(item.id);
      cells[item.id] = known === undefined ? step(program, item, values.computing) : known.value;
    }
    return values;
  }

  // A function of the values of some inputs that gives the states of targets anew: only what depends on them is computed again.
  // `whole`: it gives the values instead.
  function changing(values, unknowns, targets, whole = false) {
    const { program } = values;
    const below = program.descendants(unknowns);
    const above = program.ancestors(targets);
    const fixed = new Set(unknowns);
    const items = program.items.filter(({ id }) => below.has(id) && above.has(id) && !fixed.has(id) && !values.given.has(id));
    const cells = values.cells.slice();
    const computing = new Computing(program.content, cells);
    return (...given) => {
      unknowns.forEach((id, at) => {
        cells[id] = given[at];
      });
      for (const item of items) cells[item.id] = step(program, item, computing);
      if (whole)
        return new Values(
          program,
          new Map([...values.given, ...unknowns.map((id, at) => [id, { value: given[at], origin: "given" }])]),
          cells.slice(),
        );
      return targets.length === 1 ? cells[targets[0]] : targets.map((id) => cells[id]);
    };
  }

  // What is missing for these ids: the ids of inputs, with what would be missing next.
  function missing(values, ids) {
    const found = new Set();
    let at = values;
    for (let fresh = lacking(at, ids); fresh.length; fresh = lacking(at, ids).filter((id) => !found.has(id))) {
      fresh.forEach((id) => found.add(id));
      const given = new Map(values.given);
      for (const id of found) given.set(id, { value: anyValue(values.program.byId.get(id)), origin: "given" });
      at = evaluate(values.program, given);
    }
    return [...found];
  }
  const lacking = (values, ids) => [...new Set(ids.flatMap((id) => (values.cells[id] instanceof Absent ? values.cells[id].missing : [])))];

  function anyValue(item) {
    if (item.type === "choice") return item.choices[0];
    if (item.type === "list") return [];
    if (item.type === "boolean") return false;
    return item.choices?.[0] ?? item.low ?? 1;
  }

  // What the checks say: warnings, and what refuses the values. A check whose inputs are not known is silent.
  function checked(values) {
    const said = { warnings: new Set(), errors: [] };
    for (const known of values.given.values()) for (const text of known.said ?? []) said.warnings.add(text);
    for (const check of values.program.checks) {
      if (values.compute(check.when) === true) {
        if (check.level === "error") said.errors.push(`the check \`${check.name}\` refuses these inputs: ${check.say}`);
        else said.warnings.add(check.say);
      }
    }
    return { warnings: [...said.warnings], errors: said.errors };
  }

  return Object.freeze({ NOTHING, Absent, Stop, Program, Values, Computing, children, evaluate, changing, missing, checked });
})();
