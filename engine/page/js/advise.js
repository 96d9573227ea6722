// What would make it fit: the levers of the rules, what each saves, and the smallest set of them. The steps are those that
// engine/advise.py tells, one by one; a generator, so that a long search never holds up the page.
const Advise = (() => {
  const { NOTHING, Absent } = Plan;
  const { compare, subtract } = Exact;
  const MOST_SETS = 2500;
  const MOST_SEEN = 50000;
  const LARGEST_SET = 4;

  // Configurations around the given one, each computed once. Settings are maps of ids to values.
  class Trials {
    constructor(gauge, values) {
      Object.assign(this, { gauge, base: values, program: gauge.program, seen: new Map(), makers: new Map() });
      const { total, budget, beside, program } = gauge;
      const refusals = program.checks.filter((check) => check.level === "error");
      const asked = refusals.flatMap((check) => program.used(program.tree(check.when)));
      this.refusals = refusals;
      this.wanted = [total, ...(budget === undefined ? [] : [budget]), ...beside.flatMap(({ low, high }) => [low, high]), ...asked];
      const above = program.ancestors(this.wanted);
      this.parts = [...gauge.stops].filter((id) => above.has(id) && !program.byId.get(id).kind);
    }

    // The values with these settings, everything else as it is.
    values(settings, targets) {
      const ids = [...settings.keys()];
      const key = `${ids}|${targets}`;
      if (!this.makers.has(key)) this.makers.set(key, Plan.changing(this.base, ids, targets, true));
      return this.makers.get(key)(...settings.values());
    }

    // The configuration with these settings; null when it cannot be had.
    at(settings) {
      const key = [...settings]
        .map(([id, value]) => `${id}=${value}`)
        .sort()
        .join();
      if (!this.seen.has(key)) this.seen.set(key, this.tried(settings, settings.size ? this.values(settings, this.wanted) : this.base));
      return this.seen.get(key);
    }

    tried(settings, values) {
      const { gauge } = this;
      const state = values.state(gauge.total);
      if (state === NOTHING || state instanceof Absent || this.refusals.some((check) => values.compute(check.when) === true)) return null;
      const made = { settings, total: state, saved: subtract(this.base.number(gauge.total), state) };
      if (gauge.budget === undefined || !values.has(gauge.budget)) return made;
      made.headroom = subtract(values.number(gauge.budget), state);
      const ranges = gauge.ranges(values);
      made.fits = enough(made.headroom, ranges, "low");
      made.certain = enough(made.headroom, ranges, "high");
      return made;
    }

    // Whether a part of the report is smaller with these settings.
    smaller(settings) {
      const values = this.values(settings, this.parts);
      const known = this.parts.filter((id) => !(values.state(id) instanceof Absent || this.base.state(id) instanceof Absent));
      return known.some((id) => compare(values.number(id), this.base.number(id)) < 0);
    }

    // The configuration with the largest value of an input, from `low` to below the present one, that fits beside other settings.
    largest(id, low, others) {
      const { gauge } = this;
      const values = this.values(new Map([...others, [id, low]]), this.wanted);
      const ends = gauge.ranges(values).reduce((sum, range) => Exact.add(sum, range.low), 0);
      const number = subtract(values.number(gauge.budget), compare(ends, 0) > 0 ? ends : 0);
      const question = new Search.Question(values, id, { target: gauge.total, sense: "at_most", bound: { number } });
      const found = Search.find(question, new Spans.Piece(low, this.base.state(id) - 1, true));
      const best = found.ranges.length ? this.at(new Map([...others, [id, found.ranges.at(-1).high]])) : null;
      return best?.fits ? best : null;
    }
  }

  const enough = (headroom, ranges, end) => {
    const ends = ranges.reduce((sum, range) => Exact.add(sum, range[end]), 0);
    return compare(headroom, 0) >= 0 && compare(headroom, ends) >= 0;
  };
  const together = (settings) => new Map(settings.flatMap((each) => [...each]));
  const least = (tried) => tried.reduce((best, each) => (compare(each.total, best.total) <= 0 ? each : best));

  // A lever with its steps tried alone; null when it does not apply or no step can be had.
  function candidate(trials, lever, before) {
    if (lever.when !== undefined && trials.base.compute(lever.when) !== true) return null;
    if (lever.largest !== undefined && before.fits !== false) return null;
    const steps = stepsOf(trials, lever)
      .map((step) => trials.at(step))
      .filter(Boolean);
    if (!steps.length) return null;
    const strongest = least(steps);
    const helps = compare(strongest.saved, 0) > 0 || (strongest.saved === 0 && trials.smaller(strongest.settings));
    return { lever, steps, strongest, helps };
  }

  // What the steps of a lever set, after the last that changes nothing.
  function stepsOf(trials, lever) {
    const { base } = trials;
    if (lever.largest !== undefined) {
      const [low, present] = [lowest(trials, lever), base.state(lever.largest)];
      return low !== null && typeof present === "number" && low < present ? [new Map([[lever.largest, low]])] : [];
    }
    let made = [];
    for (const step of lever.steps) {
      const settings = settingsOf(trials, step);
      if (!settings) continue;
      if ([...settings].every(([id, value]) => base.has(id) && same(base.state(id), value))) made = [];
      else made.push(settings);
    }
    return made;
  }
  const same = (one, two) => (Array.isArray(one) ? `${one}` === `${two}` : Exact.equal(one, two));

  function lowest(trials, lever) {
    const { low } = trials.program.byId.get(lever.largest);
    const value = lever.least === undefined ? low : valueOf(trials, lever.least);
    if (low === undefined || !Exact.isNumber(value)) return null;
    return Math.max(Exact.ceil(low), Exact.ceil(value));
  }

  // A value as it stands, or that of a formula: { formula }.
  const valueOf = (trials, value) => (value?.formula === undefined ? value : trials.base.compute(value.formula));

  function settingsOf(trials, step) {
    const made = new Map();
    for (const [id, value] of step) {
      const found = valueOf(trials, value);
      if (found instanceof Absent || Convert.unfit(trials.program.byId.get(id), found)) return null;
      made.set(id, found);
    }
    return made;
  }

  // A lever as it is shown; null when it saves nothing.
  function offer(trials, { lever, steps, strongest }) {
    let saving = steps;
    if (lever.largest !== undefined) {
      const best = strongest.fits ? largest(trials, { lever, strongest }, new Map()) : null;
      saving = best ? [best] : [];
    }
    saving = saving.filter((step) => compare(step.saved, 0) > 0);
    return saving.length ? { lever, shown: saving.find((step) => step.fits) ?? least(saving) } : null;
  }
  const largest = (trials, { lever, strongest }, others) => trials.largest(lever.largest, strongest.settings.get(lever.largest), others);

  // All sets of a size, in the order of the file.
  function* sets(candidates, size, from = 0, chosen = []) {
    if (chosen.length === size) yield chosen;
    else for (let at = from; at < candidates.length; at += 1) yield* sets(candidates, size, at + 1, [...chosen, candidates[at]]);
  }
  const shares = (one, two) => one.lever.sets.some((id) => two.lever.sets.includes(id));
  const apart = (chosen) => chosen.every((one, at) => !chosen.slice(at + 1).some((two) => shares(one, two)));

  // The sets that are tried, the smallest first; its result says whether these are all up to the largest.
  function* tries(candidates) {
    let [seen, number] = [0, 0];
    for (let size = 1; size <= LARGEST_SET; size += 1) {
      for (const chosen of sets(candidates, size)) {
        if ((seen += 1) > MOST_SEEN) return false;
        if (apart(chosen)) {
          if ((number += 1) > MOST_SETS) return false;
          yield chosen;
        }
      }
    }
    return true;
  }

  // The smallest set that makes it fit, or else the set with the lowest total that was seen.
  function* remedy(trials, candidates) {
    let best = null;
    const seen = (chosen, tried) => {
      if (tried && (!best || compare(tried.total, best.tried.total) < 0))
        best = { levers: chosen.map((each) => [each.lever, each.strongest.settings]), tried };
    };
    const each = tries(candidates);
    let next = each.next();
    for (; !next.done; next = each.next()) {
      const chosen = next.value;
      const tried = trials.at(together(chosen.map((one) => one.strongest.settings)));
      if (tried?.fits) return { remedy: mildest(trials, chosen, true) };
      seen(chosen, tried);
      yield;
    }
    const { added, tried } = yield* addedOn(trials, candidates);
    if (tried?.fits) {
      const kept = needed(trials, added);
      return { remedy: mildest(trials, kept, next.value && kept.length === LARGEST_SET + 1) };
    }
    seen(added, tried);
    return { lowest: best };
  }

  // Levers added one by one, each time the one that leaves the smallest total, in the order of the file.
  function* addedOn(trials, candidates) {
    const added = [];
    let best = null;
    let left = MOST_SETS;
    while (left > 0 && !best?.fits) {
      let found = null;
      for (const each of candidates) {
        if (added.some((other) => other === each || shares(other, each))) continue;
        left -= 1;
        const tried = trials.at(together([...added, each].map((one) => one.strongest.settings)));
        yield;
        const now = found?.tried.total ?? best?.total ?? trials.base.number(trials.gauge.total);
        if (tried && compare(tried.total, now) < 0) found = { tried, each };
      }
      if (!found) break;
      best = found.tried;
      added.push(found.each);
    }
    return { added: candidates.filter((each) => added.includes(each)), tried: best };
  }

  // The levers of a set that fits without which it would not.
  function needed(trials, chosen) {
    let kept = chosen;
    for (const each of [...chosen].reverse()) {
      const rest = kept.filter((other) => other !== each);
      if (rest.length && trials.at(together(rest.map((other) => other.strongest.settings)))?.fits) kept = rest;
    }
    return kept;
  }

  // A set that fits, each lever as mild as the others allow, the dearest first.
  function mildest(trials, chosen, smallest) {
    const now = new Map(chosen.map((each) => [each, each.strongest.settings]));
    for (const each of [...chosen].reverse()) {
      const others = together([...now].filter(([other]) => other !== each).map(([, settings]) => settings));
      if (each.lever.largest !== undefined) {
        const found = largest(trials, each, others);
        if (found) now.set(each, new Map([[each.lever.largest, found.settings.get(each.lever.largest)]]));
      } else {
        const step = each.steps.find((one) => trials.at(new Map([...others, ...one.settings]))?.fits);
        if (step) now.set(each, step.settings);
      }
    }
    return { levers: [...now].map(([each, settings]) => [each.lever, settings]), tried: trials.at(together([...now.values()])), smallest };
  }

  // What the levers do for given values: a generator whose result is { before, offers, remedy?, lowest? }; null without a total.
  function* advise(gauge, given) {
    const values = Plan.evaluate(gauge.program, given);
    if (Plan.checked(values).errors.length) return null;
    const trials = new Trials(gauge, values);
    const before = trials.at(new Map());
    if (!before) return null;
    const candidates = [];
    for (const lever of gauge.levers) {
      const found = candidate(trials, lever, before);
      if (found) candidates.push(found);
      yield;
    }
    const offers = candidates.map((each) => offer(trials, each)).filter(Boolean);
    offers.sort((one, two) => compare(two.shown.saved, one.shown.saved));
    const helping = candidates.filter((each) => each.helps);
    return { before, offers, ...(before.fits === false ? yield* remedy(trials, helping) : {}) };
  }

  return Object.freeze({ advise });
})();
