// What a total is made of: its terms, followed down through sums and the largest argument of each `max` (engine/breakdown.py),
// and the phases: the arguments of the first `max` on the way, each of which could have been the largest.
const Breakdown = (() => {
  const { NOTHING, Absent, Stop } = Plan;

  class Walker {
    // `forced`: the name that the first `max` with several names is made to take.
    constructor(values, forced) {
      this.values = values;
      this.program = values.program;
      this.forced = forced;
      this.times = new Map();
      this.terms = [];
      this.loose = new Map();
      this.peaks = [];
      this.phases = [];
    }

    // The value of a part of a formula; 0 where it has none.
    value(tree) {
      try {
        return Trees.value(this.values, tree);
      } catch (error) {
        if (error instanceof Stop || error instanceof Exact.Undefined) return 0;
        throw error;
      }
    }

    open(id, stop) {
      const state = this.values.state(id);
      const times = this.times.get(id);
      if (state === NOTHING || state === undefined || state instanceof Absent || !times) return;
      const item = this.program.byId.get(id);
      const tree = stop || this.values.given.has(id) || item.input ? null : this.active(item);
      const title = item.title ?? this.program.name(id);
      if (tree !== null && this.additive(tree)) {
        const named = Plan.children(tree).some((part) => part.kind === "name");
        this.add(tree, times, title + (named ? ": other" : ""));
      } else {
        this.terms.push({ id, label: title, value: Exact.multiply(times, state) });
      }
    }

    // The formula of the case that counts.
    active(item) {
      const found = item.cases.find(([condition]) => condition === null || this.values.compute(condition) === true);
      return found ? this.program.tree(found[1]) : null;
    }

    additive(tree) {
      if (tree.kind === "fold") return tree.operators[0] === "+" || tree.operators[0] === "-";
      if (tree.kind === "choose") return this.additive(this.value(tree.condition) ? tree.yes : tree.no);
      return tree.kind === "name" || (tree.kind === "call" && tree.function === "max");
    }

    add(tree, times, within) {
      if (tree.kind === "name") {
        this.times.set(tree.id, (this.times.get(tree.id) ?? 0) + times);
      } else if (tree.kind === "fold" && "+-".includes(tree.operators[0])) {
        tree.operands.forEach((operand, at) => this.add(operand, at && tree.operators[at - 1] === "-" ? -times : times, within));
      } else if (tree.kind === "call" && tree.function === "max" && times > 0) {
        this.largest(tree, times, within);
      } else if (tree.kind === "choose") {
        this.add(this.value(tree.condition) ? tree.yes : tree.no, times, within);
      } else {
        this.loose.set(within, Exact.add(this.loose.get(within) ?? 0, Exact.multiply(times, this.value(tree))));
      }
    }

    largest(tree, times, within) {
      const live = tree.arguments.filter((part) => part.kind !== "name" || this.values.state(part.id) !== NOTHING);
      const names = live.filter((part) => part.kind === "name").map((part) => part.id);
      let winner = live[0];
      for (const part of live) if (Exact.compare(this.value(part), this.value(winner)) > 0) winner = part;
      if (!this.phases.length && names.length) {
        this.phases = names;
        winner = live.find((part) => part.id !== undefined && part.id === this.forced) ?? winner;
      }
      if (!winner) return;
      if (winner.kind === "name" && tree.arguments.length > 1) this.peaks.push(winner.id);
      this.add(winner, times, within);
    }
  }

  // The terms of a total; `stops`: the ids to stop at.
  function breakDown(values, total, stops, forced) {
    const walker = new Walker(values, forced);
    walker.times.set(total, 1);
    const { items } = values.program;
    for (let at = items.length - 1; at >= 0; at -= 1) {
      const { id } = items[at];
      if (walker.times.has(id)) walker.open(id, stops.has(id) && id !== total);
    }
    for (const [label, value] of walker.loose) if (value !== 0) walker.terms.push({ label, value });
    return { terms: walker.terms, peaks: walker.peaks, phases: walker.phases };
  }

  // Every phase with its terms and their sum, in the order of the formula; the total itself where there is no `max`.
  function phases(values, total, stops) {
    const first = breakDown(values, total, stops);
    if (first.phases.length < 2) return [{ id: total, terms: first.terms, total: values.number(total), peak: true }];
    return first.phases.map((id) => {
      const { terms } = breakDown(values, total, stops, id);
      return { id, terms, total: terms.reduce((sum, term) => Exact.add(sum, term.value), 0), peak: first.peaks[0] === id };
    });
  }

  return Object.freeze({ breakDown, phases });
})();
