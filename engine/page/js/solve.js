// The value of one unknown with which a target meets a bound: exactly what the command line's `solve` answers
// (engine/solve/goal.py, single.py and choices.py).
const Solve = (() => {
  const { NOTHING, Absent } = Plan;
  const { Piece, FAR, far, sign, compare, size, plus } = Spans;
  const { add, subtract, multiply, divide } = Exact.free;
  const { equal, negative, isNumber, floor, ceil } = Exact;
  const { grouped, readable } = Quantity;
  const SENSES = ["at_most", "at_least", "equals"];
  const ROUGH = 2 ** 39;

  class NoAnswer extends Error {}
  const refuse = (message) => {
    throw new NoAnswer(message);
  };

  function digits(value) {
    const full = grouped(value);
    return full.length <= 24 || Exact.whole(value) ? full : `about ${readable(value)}`;
  }

  // What is asked: `target` (an id), `sense`, and `bound` with an `id` or a `number`.
  function goalOf(gauge, { target = gauge.total, sense = "at_most", bound = gauge.program.name(gauge.budget) }) {
    const { program } = gauge;
    const idOf = (name) => (typeof name === "string" ? program.item(name)?.id : name);
    const goal = { target: idOf(target), sense, bound: isNumber(bound) ? { number: bound } : { id: idOf(bound) } };
    if (!SENSES.includes(sense)) refuse(`\`${sense}\` is not a question`);
    for (const id of wanted(goal)) {
      const item = program.byId.get(id);
      if (!item) refuse("name a rule or input for the target and for its bound");
      if (item.input ? !isNumeric(item) : item.kind) refuse(`\`${program.name(id)}\` is no number: only a number can be solved for a bound`);
    }
    goal.name = program.name(goal.target);
    goal.unit = program.byId.get(goal.target).unit === "byte" ? "byte" : "";
    goal.boundName = goal.bound.id === undefined ? "the bound" : `\`${program.name(goal.bound.id)}\``;
    return goal;
  }
  const isNumeric = (item) => item.type === "integer" || item.type === "number";
  const wanted = (goal) => (isNumber(goal.bound.number) ? [goal.target] : [goal.target, goal.bound.id]);
  const meets = (goal, gap) => (goal.sense === "at_most" ? sign(gap) <= 0 : goal.sense === "at_least" ? sign(gap) >= 0 : gap === 0);
  const sized = (goal, value) => (goal.unit ? `${readable(value, goal.unit)} (${digits(value)})` : digits(value));

  // Make sure that the target or its bound depends on the unknown, as far as names say.
  function reaches(program, given, unknown, goal) {
    const reached = Nodes.moving(program, given, [unknown]);
    if (wanted(goal).some((id) => reached.has(id))) return;
    const below = program.descendants([unknown]);
    const here = wanted(goal).some((id) => below.has(id)) ? " here: a value on the way is given" : "";
    refuse(`\`${program.name(unknown)}\` does not influence \`${goal.name}\`${here}`);
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
    if (!item && gauge.kinds.has(unknown)) return tried(gauge, given, goal, entriesOf(gauge, given, gauge.kinds.get(unknown), goal), unknown);
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
    if (question.view(domain).span?.fixed) refuse(`\`${program.name(item.id)}\` does not influence \`${goal.name}\` with these inputs`);
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
    const { gauge, question, found, domain, goal, name } = context;
    if (!found.complete) unsettled(context);
    const missed = Search.nearest(question, found, domain);
    if (!missed) {
      refuse(`no value of \`${name}\` gives \`${goal.name}\` a value: ${question.why || "it does not apply"}`);
    }
    const { x, gap } = missed;
    const near = trendOf(question, found, domain).some(Boolean) && goal.sense !== "equals" ? "even" : "for example,";
    const off = `${sized(goal, size(gap))} ${sign(gap) > 0 ? "over" : "below"} ${goal.boundName}, ${sized(goal, question.boundAt(x))}`;
    refuse(`no value of \`${name}\` fits: ${near} at ${name} = ${digits(x)} ${goal.name} is ${sized(goal, question.at(x))}, ${off}`);
  }

  function unsettled({ found, goal, name }) {
    refuse(`\`${goal.name}\` could not be settled for every \`${name}\`${found.culprit ? `: \`${found.culprit}\` may have no value` : ""}`);
  }

  // `side` says which of the values that meet the bound `value` is: "largest", "smallest", "only" or "any"; `value` is null where every
  // value up to no end meets it. `next` is the value beyond it, which no longer does. `count`: how many ranges, null where not counted.
  function solution(context) {
    const { question, found, domain, goal, item } = context;
    const trend = trendOf(question, found, domain);
    const [side, end, open, rough] = best(found, domain, goal, trend);
    if (!found.complete && !closed(question, found, side, end, domain)) unsettled(context);
    const value = far(end) ? null : end;
    const next = nextTo(domain, value, side, open, rough);
    const at = (x, state) => (x !== null && isNumber(state(x)) ? state(x) : null);
    const ranges = found.fromRight ? found.ranges.slice(-Search.LISTED) : found.ranges.slice(0, Search.LISTED);
    const attained = !open;
    const count = found.complete ? found.ranges.length : null;
    const inRange = (x) => ranges.some(({ low, high }) => compare(low, x) <= 0 && compare(x, high) <= 0);
    const wrong = value !== null && attained && !question.meets(value) && !(rough && goal.sense === "equals");
    if (wrong || (next !== null && count !== null && question.meets(next) && !inRange(next))) {
      refuse(`the solver contradicts itself at ${context.name} = ${digits(value)}: please report this`);
    }
    return {
      unknown: item.id, target: goal.target, sense: goal.sense, value, side, next, ranges, count, attained, rough,
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
    return found.complete ? `${pieces}, each on one side of the bound, or going one way only, or computed.` : `${pieces}, from its largest value down.`;
  }

  function notesOf({ gauge, question, found, domain, goal, item, name }, value, side) {
    const notes = [];
    const top = far(domain.high) ? "" : grouped(domain.high);
    const every = { any: "every value", smallest: "every larger value" }[side];
    if (every && (side === "any" || equal(found.ranges.at(-1).high, domain.high))) notes.push(`${every} fits${top ? `, up to its maximum, ${top}` : ", without end"}`);
    else if (side === "largest" && value !== null && equal(value, domain.high)) notes.push(`this is the maximum of ${name}`);
    for (const { low, high, why } of joined(found.undefined, domain).slice(0, 3)) {
      const [from, to] = [low, high].map((end) => (far(end) ? "without end" : grouped(end)));
      notes.push(`${equal(low, high) ? `at ${name} = ${from}` : `for ${name} from ${from} to ${to}`} there is no value${why ? `: ${why}` : ""}`);
    }
    if (value === null) return notes;
    const values = Plan.evaluate(gauge.program, setting(question.values.given, item.id, value));
    const { warnings, errors } = Plan.checked(values);
    notes.push(...[...errors, ...warnings].map((text) => `at ${name} = ${digits(value)}: ${text}`));
    if (goal.target === gauge.total) {
      for (const { title, low, high } of gauge.ranges(values)) notes.push(`${title} is not in ${goal.name}: ${readable(low, goal.unit)} to ${readable(high, goal.unit)}`);
    }
    return notes;
  }

  // The parts without a value, those beside each other as one.
  function joined(parts, domain) {
    const made = [];
    for (const part of [...parts].sort((a, b) => compare(a.low, b.low))) {
      const last = made.at(-1);
      const beside = last && last.why === part.why && (equal(last.high, part.low) || (domain.grid && equal(plus(last.high, 1), part.low)));
      if (beside) last.high = part.high;
      else made.push({ ...part });
    }
    return made;
  }

  // ---- a choice, a truth value, a number with choices, or a preset: every value is tried

  function listed(gauge, given, goal, item, unknown) {
    reaches(gauge.program, given, item.id, goal);
    const { choices = [], otherwise } = item;
    const choice = otherwise && !choices.includes(otherwise) ? [...choices, otherwise] : choices;
    const entries = (item.type === "boolean" ? [false, true] : choice).map((value) => entryOf(gauge, setting(given, item.id, value), goal, value));
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
      if (state === NOTHING) return without(value, title, `\`${program.name(id)}\` does not apply`);
      if (state instanceof Absent) return without(value, title, state.problems[0] ?? `missing: ${state.missing.map((each) => `\`${program.name(each)}\``).join(", ")}`);
    }
    const { warnings, errors } = Plan.checked(values);
    if (errors.length) return without(value, title, errors[0]);
    const at = values.state(goal.target);
    const bound = goal.bound.number ?? values.state(goal.bound.id);
    const gap = subtract(at, bound);
    const headroom = goal.sense === "at_least" ? gap : negative(goal.sense === "at_most" ? gap : size(gap));
    return { value, title, at, bound, headroom, fits: meets(goal, gap), why: "", notes: warnings };
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
    if (known.length > 1 && known.every((entry) => equal(entry.at, known[0].at) && equal(entry.bound, known[0].bound))) {
      refuse(`\`${unknown}\` does not influence \`${goal.name}\` with these inputs: it is ${sized(goal, known[0].at)} for each`);
    }
    entries.sort(ranked);
    const [first] = entries;
    if (!first.fits) {
      const off = `${sized(goal, size(first.headroom))} ${compare(first.at, first.bound) > 0 ? "over" : "below"} ${goal.boundName}, ${sized(goal, first.bound)}`;
      refuse(`no value of \`${unknown}\` fits: even with ${wordOf(first.value)} ${goal.name} is ${sized(goal, first.at)}, ${off}`);
    }
    const proof = "Every value was tried; those that fit first, the one with the least to spare at the top.";
    return { unknown, target: goal.target, sense: goal.sense, value: first.value, at: first.at, limit: first.bound, entries, proof, notes: first.notes };
  }
  const wordOf = (value) => (isNumber(value) ? grouped(value) : String(value));

  return Object.freeze({ NoAnswer, solve });
})();
