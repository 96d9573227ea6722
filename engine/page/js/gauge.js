// A rules file that answers: what the command line's `eval` says, from the same texts.
const Gauge = (() => {
  const { NOTHING, Absent } = Plan;

  // A number as the data holds it, an item of them, or a list.
  function revived(value) {
    if (Array.isArray(value)) return value.map(revived);
    return value !== null && typeof value === "object" && typeof value.n === "string" ? Exact.parse(value.n) : value;
  }
  function itemOf(tables, entry, id) {
    const item = { ...entry, id: entry.id ?? id };
    if (item.table !== undefined) item.choices = Object.keys(tables[item.table].rows);
    for (const key of ["low", "high", "default", "empty", "choices"]) if (key in item) item[key] = revived(item[key]);
    return item;
  }
  // The items of the rules, from what is said of all of them.
  function itemsOf(tables, columns) {
    const [first] = Object.values(columns);
    return first.map((_, id) =>
      itemOf(
        tables,
        Object.fromEntries(Object.entries(columns).flatMap(([key, column]) => (column[id] === null ? [] : [[key, column[id]]]))),
        id,
      ),
    );
  }

  // Reads while it computes which names were really read.
  class Tracing extends Plan.Computing {
    v(id) {
      this.read.add(id);
      return super.v(id);
    }
    u(id) {
      this.read.add(id);
      return super.u(id);
    }
  }

  class Gauge {
    constructor(data, formulas) {
      const rows = (table) =>
        Object.fromEntries(
          Object.entries(table.rows).map(([row, cells]) => [
            row,
            Object.fromEntries(Object.entries(cells).map(([key, cell]) => [key, revived(cell)])),
          ]),
        );
      this.content = { ...data, tables: data.tables.map((table) => ({ ...table, rows: rows(table) })) };
      this.formulas = formulas;
      this.program = new Plan.Program(this.content, formulas, itemsOf(data.tables, data.items), data.checks);
      this.kinds = new Map(data.presets.map((kind) => [kind.name, kind]));
      this.translators = new Map();
      this.read = new Map();
      const id = (name) => this.program.item(name)?.id;
      const { report } = data;
      report.inputs = report.inputs.filter((name) => this.kinds.has(name) || this.program.item(name)?.input);
      this.total = id(report.total);
      this.budget = id(report.budget);
      this.parts = report.parts.map(id);
      this.levers = (data.levers ?? []).map((lever) => this.leverOf(lever));
      this.stops = new Set([...report.parts, ...report.also].map(id));
      this.beside = report.beside.map((each) => ({ title: each.title, low: id(each.low), high: id(each.high) }));
    }

    // A lever, with ids for names and values as they are.
    leverOf(lever) {
      const valueOf = (value) => (value?.formula === undefined ? revived(value) : value);
      const steps = (lever.steps ?? []).map((step) =>
        Object.entries(step).map(([name, value]) => [this.program.item(name).id, valueOf(value)]),
      );
      const made = { ...lever, steps, largest: this.program.item(lever.largest)?.id };
      if (lever.least !== undefined) made.least = valueOf(lever.least);
      return { ...made, sets: made.largest === undefined ? steps[0].map(([id]) => id) : [made.largest] };
    }

    // The program of a translation, its items put in an order when it is first needed.
    translator(number) {
      if (!this.translators.has(number)) {
        const { items, checks } = this.content.translations[number];
        const listed = items.map((at) => itemOf(this.content.tables, this.content.foreign[at]));
        for (const item of listed) if (item.input) item.keys ??= [this.content.names[item.id]];
        const program = new Plan.Program(this.content, this.formulas, listed, checks);
        program.items = ordered(program);
        this.translators.set(number, program);
      }
      return this.translators.get(number);
    }

    // The values of an entry of a preset kind, or of a foreign file; kept, since each keystroke asks again.
    preset(kind, entry, where) {
      if (!this.read.has(entry)) this.read.set(entry, Presets.valuesOf(this, kind, entry, where));
      return this.read.get(entry);
    }

    // What is given: `asked.set` are texts by name (an input, a rule, a preset kind); `asked.files` foreign files by kind: { name, config }.
    given(asked) {
      const made = new Map();
      const problems = [];
      const attempt = (name, work) => {
        try {
          work();
        } catch (error) {
          if (!(error instanceof Convert.Refused)) throw error;
          problems.push({ name, message: error.message });
        }
      };
      for (const [name, text] of Object.entries(asked.set)) {
        const item = this.program.item(name);
        if (item) {
          const input = Presets.asInput(item);
          const read = () =>
            made.set(item.id, { value: Convert.convert(input, Convert.typed(input, text), name, { commas: true }), origin: "given" });
          attempt(name, read);
        } else if (!this.kinds.has(name)) {
          problems.push({ name, message: `unknown input \`${name}\`` });
        }
      }
      for (const kind of this.kinds.values()) {
        attempt(kind.name, () => {
          const entry = this.entry(kind, asked);
          if (!entry) return;
          for (const [id, known] of this.preset(kind, entry, `${kind.name} ${entry.name}`)) if (!made.has(id)) made.set(id, known);
        });
      }
      return { made, problems };
    }

    // A foreign file from its text, as `asked.files` holds it.
    file(name, text) {
      return { name, config: Presets.fromJson(text) };
    }

    // The entry that is asked for: a file that was brought, or a preset by name.
    entry(kind, asked) {
      const file = asked.files?.[kind.name];
      if (file) return file;
      const name = asked.set[kind.name];
      if (name === undefined || name === "") return null;
      const found = kind.entries.find((entry) => entry.name === name);
      if (!found) throw new Convert.Refused(`unknown ${kind.name} \`${name}\`${kind.more ? "; this page holds some of them only" : ""}`);
      return found;
    }

    // The answer to what is asked.
    answer(asked) {
      const { made, problems } = this.given(asked);
      return this.answerOf(made, problems);
    }

    answerOf(given, problems = []) {
      const values = Plan.evaluate(this.program, given);
      const { warnings, errors } = Plan.checked(values);
      const answer = {
        values,
        given,
        problems: [...problems, ...errors.map((message) => ({ name: "", message }))],
        warnings,
        ranges: [],
        refused: errors.length,
      };
      if (this.total === undefined) return this.allOf(answer);
      const state = values.state(this.total);
      if (state instanceof Absent) {
        answer.missing = Plan.missing(values, [this.total]).map((id) => this.program.byId.get(id));
        for (const message of state.problems) answer.problems.push({ name: "", message });
        return answer;
      }
      if (state === NOTHING) return answer;
      answer.total = state;
      answer.phases = Breakdown.phases(values, this.total, this.stops);
      answer.breakdown = Breakdown.breakDown(values, this.total, this.stops);
      answer.ranges = this.ranges(values);
      if (this.budget !== undefined && values.has(this.budget)) {
        const sum = (end) => answer.ranges.reduce((total, range) => Exact.add(total, range[end]), 0);
        answer.budget = values.number(this.budget);
        answer.headroom = Exact.subtract(answer.budget, state);
        answer.fits = Exact.compare(answer.headroom, sum("low")) >= 0 && Exact.compare(answer.headroom, 0) >= 0;
        answer.fitsAtHighEnd = Exact.compare(answer.headroom, sum("high")) >= 0 && Exact.compare(answer.headroom, 0) >= 0;
      }
      return answer;
    }

    // An answer about every rule, where there is no total: what is missing, and what went wrong.
    allOf(answer) {
      const rules = this.program.items.filter((item) => !item.input).map((item) => item.id);
      answer.missing = Plan.missing(answer.values, rules).map((id) => this.program.byId.get(id));
      const wrong = new Set(rules.flatMap((id) => answer.values.state(id).problems ?? []));
      for (const message of wrong) answer.problems.push({ name: "", message });
      return answer;
    }

    // What comes on top of the total and is known only between two ends.
    ranges(values) {
      const known = this.beside.filter(
        ({ low, high }) => !(values.state(low) instanceof Absent) && !(values.state(high) instanceof Absent),
      );
      const made = known.map(({ title, low, high }) => {
        const [one, two] = [values.number(low), values.number(high)];
        const name = title || this.program.byId.get(high).title;
        return Exact.compare(one, two) <= 0 ? { title: name, low: one, high: two } : { title: name, low: two, high: one };
      });
      return made.filter(({ low, high }) => low !== 0 || high !== 0);
    }

    // The ids that these values really came from: no case that did not count, no side that was not taken.
    used(values, ids) {
      const tracing = new Tracing(this.content, values.cells);
      const seen = new Set(ids);
      for (const id of seen) {
        if (values.given.has(id)) continue;
        tracing.read = new Set();
        this.trace(this.program.byId.get(id), tracing);
        for (const read of tracing.read) seen.add(read);
      }
      return seen;
    }

    trace(item, tracing) {
      try {
        if (item.input) return item.formula === undefined || this.formulas[item.formula](tracing);
        if (item.when !== undefined && !this.formulas[item.when](tracing)) return false;
        return item.cases.some(
          ([condition, body]) => (condition === null || this.formulas[condition](tracing)) && [this.formulas[body](tracing)],
        );
      } catch (error) {
        if (error instanceof Plan.Stop || error instanceof Exact.Undefined) return false;
        throw error;
      }
    }
  }

  // The items of a program, each after those it needs.
  function ordered(program) {
    const made = [];
    const seen = new Set();
    const visit = (id) => {
      if (seen.has(id)) return;
      seen.add(id);
      const item = program.byId.get(id);
      program.needs(item).forEach(visit);
      made.push(item);
    };
    program.items.forEach((item) => visit(item.id));
    return made;
  }

  return Gauge;
})();
