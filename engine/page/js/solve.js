// The value of one unknown with which a target meets a bound: exactly what the command line's `solve` answers
// (engine/solve/goal.py, single.py and choices.py).
const Solve = (() => {
  const { Piece, FAR, far, sign, compare, size } = Spans;
  const { equal, negative, isNumber, floor, ceil, add, subtract, multiply, divide } = Exact;
  const { grouped, readable } = Quantity;
  const ROUGH = 2 ** 39;

  class NoAnswer extends Error {}
  const refuse = (message) => {
    throw new NoAnswer(message);
  };

  const digits = (value) => (Exact.whole(value) || grouped(value).length <= 24 ? grouped(value) : `about ${readable(value)}`);

  // What is asked: `target` (an id), `sense` (at_most, at_least, equals), and `bound` with an `id` or a `number`; names may stand for ids.
  function goalOf({ program, total, budget }, { target = total, sense = "at_most", bound = program.name(budget) }) {
    const idOf = (name) => (typeof name === "string" ? program.item(name)?.id : name);
    const goal = { target: idOf(target), sense, bound: isNumber(bound) ? { number: bound } : { id: idOf(bound) } };
    for (const id of wanted(goal)) {
      const item = program.byId.get(id);
      if (!item || (item.input ? !isNumeric(item) : item.kind)) refuse("only a number can be solved for, and held to a number");
    }
    goal.name = program.name(goal.target);
    const { unit } = program.byId.get(goal.target);
    goal.size = (value) => (unit === "byte" ? `${readable(value, unit)} (${digits(value)})` : digits(value));
    return goal;
  }
  const isNumeric = (item) => item.type === "integer" || item.type === "number";
  const wanted = (goal) => (goal.bound.number === undefined ? [goal.target, goal.bound.id] : [goal.target]);

  // Make sure that the target or its bound depends on the unknown, as far as names say.
  function reaches(program, given, unknown, goal) {
    const reached = Nodes.moving(program, given, [unknown]);
    if (!wanted(goal).some((id) => reached.has(id))) idle(program.name(unknown), goal);
  }
  const idle = (name, goal) => refuse(`\`${name}\` does not influence \`${goal.name}\` here`);

  // The bound is never met: `where` it is missed by the least.
  function missed(name, goal, where, at, bound) {
    const gap = subtract(at, bound);
    const off = `${goal.size(size(gap))} ${sign(gap) > 0 ? "over" : "below"} ${goal.size(bound)}`;
    refuse(`no value of \`${name}\` fits: ${where} ${goal.name} is ${goal.size(at)}, ${off}`);
  }

  const setting = (given, id, value) => new Map(given).set(id, { value, origin: "given" });

  // Refuse with what is missing or went wrong for these ids.
  function required(values, ids) {
    const { program } = values;
    const missing = Plan.missing(values, ids).map((id) => `\`${program.name(id)}\``);
    if (missing.length) refuse(`missing: ${missing.join(", ")}`);
    for (const id of ids) for (const problem of values.state(id).problems ?? []) refuse(problem);
  }

  // The best value of an input or a preset kind: `given` as `gauge.given` makes it; one for the unknown is not used.
  function solve(gauge, given, unknown, asked = {}) {
    const goal = goalOf(gauge, asked);
    const item = gauge.program.item(unknown);
    const kind = gauge.kinds.get(unknown);
    if (!item && kind) return tried(gauge, given, goal, entriesOf(gauge, given, kind, goal), unknown);
    if (!item?.input) refuse(item ? `\`${unknown}\` is computed, not given` : `there is no input \`${unknown}\` to solve for`);
    if (item.choices || item.type === "boolean") return listed(gauge, given, goal, item, unknown);
    if (!isNumeric(item)) refuse(`\`${unknown}\` is a list: only one value can be solved for`);
    return single(gauge, given, goal, item);
  }

  // ---- a number

  function single(gauge, given, goal, item) {
    const { program } = gauge;
    const domain = domainOf(item);
    reaches(program, given, item.id, goal);
    const values = Plan.evaluate(program, setting(given, item.id, trial(domain)));
    if (wanted(goal).some((id) => values.state(id).missing?.length)) required(values, wanted(goal));
    const question = new Search.Question(values, item.id, goal);
    if (goal.bound.id !== undefined && !question.bounds.moving.has(goal.bound.id)) required(values, [goal.bound.id]);
    if (question.view(domain).span?.fixed) idle(program.name(item.id), goal);
    const found = Search.find(question, domain);
    const context = { gauge, question, found, domain, goal, item, name: program.name(item.id) };
    if (!found.ranges.length) nothing(context);
    return solution(context);
  }

  // Every value a numeric input may have.
  function domainOf({ type, low = -FAR, high = FAR }) {
    const grid = type === "integer";
    return new Piece(grid && !far(low) ? ceil(low) : low, grid && !far(high) ? floor(high) : high, grid);
  }
  const trial = ({ low, high }) => (far(low) ? (far(high) ? 1 : high) : low);

  function nothing(context) {
    const { question, found, domain, goal, name } = context;
    if (!found.complete) unsettled(context);
    const x = Search.nearest(question, found, domain);
    if (x === null) refuse(`no value of \`${name}\` gives \`${goal.name}\` a value: ${question.why || "it does not apply"}`);
    const even = goal.sense !== "equals" && trendOf(question, found, domain).some(Boolean);
    missed(name, goal, `${even ? "even" : "for example,"} at ${digits(x)}`, question.at(x), question.boundAt(x));
  }

  function unsettled({ found, goal, name }) {
    refuse(`\`${goal.name}\` could not be settled for every \`${name}\`${found.culprit ? `: \`${found.culprit}\` may have no value` : ""}`);
  }

  // `side` says which of the values that meet the bound `value` is: "largest", "smallest", "only" or "any"; `value` is null where every
  // value up to no end meets it. `next` is the value beyond it, which no longer does. `count`: how many ranges, null where not counted.
  function solution(context) {
    const { question, found, domain, goal } = context;
    const trend = trendOf(question, found, domain);
    const [side, end, open, rough] = best(found, domain, goal, trend);
    if (!found.complete && !closed(question, found, side, end, domain)) unsettled(context);
    const value = far(end) ? null : end;
    const next = nextTo(domain, value, side, open, rough);
    const at = (x, state) => (x !== null && isNumber(state(x)) ? state(x) : null);
    const ranges = found.fromRight ? found.ranges.slice(-Search.LISTED) : found.ranges.slice(0, Search.LISTED);
    const count = found.complete ? found.ranges.length : null;
    return {
      value,
      side,
      next,
      ranges,
      count,
      rough,
      attained: !open,
      at: open ? null : at(value, question.at),
      limit: at(value, question.boundAt),
      beyond: at(next, question.at),
      limitBeyond: at(next, question.boundAt),
      proof: proofOf(context, trend, next),
      notes: notesOf(context, value, side),
    };
  }

  // Which value is the answer: its side, the value, whether it is open, whether it is rough.
  function best(found, domain, goal, [rises, falls]) {
    const [top, bottom] = [found.ranges.at(-1), found.ranges[0]];
    const alone = found.ranges.length === 1;
    const upper = (side) => [side, top.high, top.highOpen, top.highRough];
    const lower = ["smallest", top.low, top.lowOpen, top.lowRough];
    if (goal.sense === "equals") {
      if (far(top.high)) return lower;
      return upper(alone && equal(top.low, top.high) && found.complete ? "only" : "largest");
    }
    const most = goal.sense === "at_most";
    const up = equal(top.high, domain.high) && (far(top.high) || !top.highOpen);
    if (up && alone && equal(bottom.low, domain.low) && (far(bottom.low) || !bottom.lowOpen)) {
      return ["any", (most ? falls && !rises : rises && !falls) ? domain.low : domain.high, false, false];
    }
    return up && !far(top.low) && ((most ? falls : rises) || far(top.high) || alone) ? lower : upper("largest");
  }

  // Whether the answer of a search that was cut short is settled all the same.
  function closed(question, found, side, end, domain) {
    if (!found.fromRight || far(end)) return false;
    if (side === "largest" || found.ranges.length > 1) return true;
    return domain.grid && compare(end, domain.low) > 0 && !question.meets(subtract(end, 1));
  }

  // The neighbour that no longer meets the bound; for a value between whole numbers only where it is rough or open.
  function nextTo(domain, value, side, open, rough) {
    if (value === null || side === "any") return null;
    const way = side === "smallest" ? -1 : 1;
    let next = value;
    if (domain.grid) next = add(value, way);
    else if (!open && rough) next = add(value, divide(multiply(way, value === 0 ? 1 : size(value)), ROUGH));
    else if (!open) return null;
    return compare(domain.low, next) <= 0 && compare(next, domain.high) <= 0 ? next : null;
  }

  // Whether the target, less its bound, never falls, and never rises, on the whole domain.
  function trendOf(question, { complete, parts, undefined: lacking }, domain) {
    if (!complete || !parts.length || lacking.length) return [false, false];
    const [first, last] = [parts[0], parts.at(-1)];
    const whole = equal(first.low, domain.low) && equal(last.high, domain.high);
    if (parts.length === 1 && whole) return [first.rises, first.falls];
    if (!domain.grid || !whole) return [false, false];
    let [rises, falls] = ["rises", "falls"].map((way) => parts.every((part) => part[way]));
    for (let at = 1; at < parts.length; at += 1) {
      const [left, right] = [parts[at - 1].high, parts[at].low];
      const [before, after] = far(left) || !equal(add(left, 1), right) ? [null, null] : [question.gap(left), question.gap(right)];
      if (before === null || after === null) return [false, false];
      rises &&= compare(after, before) >= 0;
      falls &&= compare(after, before) <= 0;
    }
    return [rises, falls];
  }

  function proofOf({ found, goal, name }, [rises, falls], next) {
    if (rises && falls) return `${goal.name} is the same for every ${name}.`;
    const settles = next !== null && goal.sense !== "equals" ? ", so the two values above settle it" : "";
    if (rises || falls) return `${goal.name} never ${rises ? "falls" : "rises"} as ${name} grows${settles}.`;
    const pieces = `${name} was taken apart into ${grouped(found.settled)} piece${found.settled === 1 ? "" : "s"}`;
    return `${pieces}, ${found.complete ? "each on one side of the bound, or going one way, or computed" : "from its largest value down"}.`;
  }

  function notesOf({ gauge, question, found, domain, goal, item, name }, value, side) {
    const notes = [];
    const top = far(domain.high) ? "" : grouped(domain.high);
    const every = { any: "every value", smallest: "every larger value" }[side];
    const upward = every && (side === "any" || equal(found.ranges.at(-1).high, domain.high));
    if (upward) notes.push(`${every} fits${top ? `, up to ${top}` : ""}`);
    else if (side === "largest" && value !== null && equal(value, domain.high)) notes.push(`this is the maximum of ${name}`);
    for (const { low, high, why } of found.undefined.slice(0, 1)) {
      notes.push(`${goal.name} has no value at some ${name}, such as ${digits(far(low) ? high : low)}: ${why}`);
    }
    if (value === null) return notes;
    const values = Plan.evaluate(gauge.program, setting(question.values.given, item.id, value));
    const { warnings, errors } = Plan.checked(values);
    notes.push(...[...errors, ...warnings].map((text) => `at ${name} = ${digits(value)}: ${text}`));
    if (goal.target === gauge.total) {
      for (const { title, low, high } of gauge.ranges(values)) {
        notes.push(`${title} is not in ${goal.name}: ${goal.size(low)} to ${goal.size(high)}`);
      }
    }
    return notes;
  }

  // ---- a choice, a truth value, a number with choices, or a preset: every value is tried

  function listed(gauge, given, goal, item, unknown) {
    reaches(gauge.program, given, item.id, goal);
    const { choices = [], otherwise } = item;
    const other = otherwise && !choices.includes(otherwise) ? [otherwise] : [];
    const all = item.type === "boolean" ? [false, true] : [...choices, ...other];
    const entries = all.map((value) => entryOf(gauge, setting(given, item.id, value), goal, value));
    return tried(gauge, given, goal, entries, unknown);
  }

  function entriesOf(gauge, given, kind, goal) {
    const own = [...given].filter(([, { origin, where = "" }]) => !(origin === "preset" && where.startsWith(`${kind.name} `)));
    return kind.entries.map((entry) => {
      try {
        const made = new Map([...gauge.preset(kind, entry, `${kind.name} ${entry.name}`), ...own]);
        return entryOf(gauge, made, goal, entry.name, entry.title);
      } catch (error) {
        if (!(error instanceof Convert.Refused)) throw error;
        return without(entry.name, entry.title, error.message);
      }
    });
  }

  const without = (value, title, why) => ({ value, title, at: null, bound: null, headroom: null, fits: false, why, notes: [] });

  // One value tried: the target and the bound there, and how far it is inside its bound (below 0: outside).
  function entryOf(gauge, given, goal, value, title = "") {
    const { program } = gauge;
    const values = Plan.evaluate(program, given);
    for (const id of wanted(goal)) {
      const state = values.state(id);
      if (!isNumber(state)) return without(value, title, state.problems?.[0] ?? `\`${program.name(id)}\` has no value`);
    }
    const { warnings, errors } = Plan.checked(values);
    if (errors.length) return without(value, title, errors[0]);
    const at = values.state(goal.target);
    const bound = goal.bound.number ?? values.state(goal.bound.id);
    const gap = subtract(at, bound);
    const headroom = goal.sense === "at_least" ? gap : negative(goal.sense === "at_most" ? gap : size(gap));
    return { value, title, at, bound, headroom, fits: Search.right(goal.sense, gap), why: "", notes: warnings };
  }

  // Those that fit by how little is left, then the others by how little is lacking, then those without a value.
  function ranked(a, b) {
    const group = (entry) => (entry.at === null ? 2 : entry.fits ? 0 : 1);
    return group(a) - group(b) || (a.at === null ? 0 : compare(size(a.headroom), size(b.headroom)));
  }

  function tried(gauge, given, goal, entries, unknown) {
    const known = entries.filter((entry) => entry.at !== null);
    if (!known.length) {
      const values = Plan.evaluate(gauge.program, given);
      const lacking = wanted(goal).flatMap((id) => values.state(id).missing ?? []);
      if (lacking.some((id) => gauge.program.name(id) !== unknown)) required(values, wanted(goal));
      refuse(`no value of \`${unknown}\` gives \`${goal.name}\` a value: ${entries[0]?.why ?? "there is none"}`);
    }
    if (known.length > 1 && known.every((entry) => equal(entry.at, known[0].at) && equal(entry.bound, known[0].bound))) idle(unknown, goal);
    entries.sort(ranked);
    const [first] = entries;
    const { value, at, bound, notes } = first;
    if (!first.fits) missed(unknown, goal, `even with ${isNumber(value) ? grouped(value) : value}`, at, bound);
    return { value, at, limit: bound, entries, proof: "Every value was tried.", notes };
  }

  return Object.freeze({ NoAnswer, solve });
})();
