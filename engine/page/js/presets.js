// Named sets of values, and files in a foreign vocabulary, translated by the rules that read them.
const Presets = (() => {
  const { Refused } = Convert;
  const refuse = (message) => {
    throw new Refused(message);
  };

  // The value at a key, whose dots go into nested maps; undefined where there is none.
  function at(node, key) {
    let found = node;
    for (const part of key.split(".")) {
      const inside = found !== null && typeof found === "object" && !Array.isArray(found) && Object.hasOwn(found, part);
      found = inside ? found[part] : undefined;
    }
    return found;
  }
  const isMap = (node) => node !== null && typeof node === "object" && !Array.isArray(node) && typeof node.n !== "string";

  // The first of these keys that has a value, in the first part of the file that has one; else one that is null.
  function sought(parts, keys) {
    let empty = [keys[0], undefined];
    for (const part of parts) {
      for (const key of keys) {
        const node = at(part, key);
        if (node === null) empty = [key, null];
        else if (node !== undefined) return [key, node];
      }
    }
    return empty;
  }

  const named = (key, node) => `${key.split(".").at(-1)} \`${node}\``;

  // How a foreign file is read: by which program, in which parts of it in order, and what is doubtful about that.
  function translation(gauge, kind, config) {
    const asked = kind.by
      .map((key) => [key, at(config, key)])
      .filter(([, node]) => node !== undefined && node !== null && Convert.isScalar(node));
    const unread = () => {
      const first = asked.find(([key]) => key === kind.by[0]);
      return first ? `no translation reads ${named(...first)}` : `the file has no \`${kind.by[0]}\``;
    };
    for (const [key, node] of asked) {
      const reader = kind.readers.find((number) => gauge.content.translations[number].reads.includes(Convert.textOf(node)));
      if (reader !== undefined) {
        const within = key.split(".").slice(0, -1).join(".");
        const doubt = key === kind.by[0] ? "" : `${unread()}; its \`${within}\` is read, ${named(key, node)}`;
        return opened(gauge, reader, config, within ? at(config, within) : undefined, doubt);
      }
    }
    if (kind.otherwise !== undefined) {
      const made = opened(gauge, kind.otherwise, config, undefined, "");
      return { ...made, doubt: `${unread()}; it is read as: ${kind.read_as}` };
    }
    if (!asked.length) refuse(`the file has no \`${kind.by[0]}\`, which says how to read it`);
    return refuse(`no translation reads ${named(...asked[0])}`);
  }

  function opened(gauge, number, config, part, doubt) {
    const inner = gauge.content.translations[number].within.map((key) => at(config, key));
    return { program: gauge.translator(number), parts: [...[...inner, part].filter(isMap), config], doubt };
  }

  // What a foreign file gives: a map of ids to values, and what is said of it.
  function translate(gauge, kind, config, name) {
    const { program, parts, doubt } = translation(gauge, kind, config);
    const given = new Map();
    const problems = [];
    for (const item of program.items) {
      if (!item.input) continue;
      const [key, node] = sought(parts, item.keys);
      if (node === undefined) continue;
      if (node === null) {
        if (item.empty !== undefined) given.set(item.id, { value: item.empty, origin: "given" });
        continue;
      }
      try {
        given.set(item.id, { value: Convert.convert(item, node, key, { foreign: true }), origin: "given" });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        problems.push(error.message);
      }
    }
    if (problems.length) refuse(problems.join("\n"));
    const values = Plan.evaluate(program, given);
    const { warnings, errors } = Plan.checked(values);
    if (errors.length) refuse(errors.map((each) => `${name}: ${each}`).join("\n"));
    return { made: results(gauge, program, values, name), said: [...(doubt ? [doubt] : []), ...warnings] };
  }

  function results(gauge, program, values, name) {
    const wanted = program.items.filter((item) => !item.input && gauge.program.byId.has(item.id));
    const lacking = Plan.missing(
      values,
      wanted.map((item) => item.id),
    );
    if (lacking.length) {
      refuse(`${name} lacks ${lacking.map((id) => `\`${program.byId.get(id).keys.join(" or ")}\``).join(", ")}`);
    }
    const made = new Map();
    const problems = [];
    for (const { id } of wanted) {
      const state = values.state(id);
      if (state === Plan.NOTHING) continue;
      if (state instanceof Plan.Absent) {
        problems.push(...state.problems);
        continue;
      }
      const trouble = Convert.unfit(asInput(gauge.program.byId.get(id)), state);
      if (trouble) problems.push(`${name} gives \`${program.name(id)}\` a value it cannot have: ${program.name(id)} ${trouble}`);
      made.set(id, state);
    }
    if (problems.length) refuse([...new Set(problems)].join("\n"));
    return made;
  }

  // The input a rule would be if it were given.
  const asInput = (item) =>
    item.input
      ? item
      : { type: { truth: "boolean", word: "choice", list: "list" }[item.kind] ?? "number", unit: item.unit, choices: item.words };

  // The values an entry (or a foreign file) gives: a map of ids to { value, origin, where, said }.
  function valuesOf(gauge, kind, entry, where) {
    const made = new Map();
    for (const [name, node] of Object.entries({ ...entry.expect, ...entry.values })) {
      const item = gauge.program.item(name);
      made.set(item.id, { value: Convert.convert(asInput(item), node, name), origin: "preset", where });
    }
    if (!entry.config) return made;
    const { made: translated, said } = translate(gauge, kind, entry.config, entry.name);
    for (const [id, value] of translated) if (!made.has(id)) made.set(id, { value, origin: "preset", where, said });
    return made;
  }

  // The values of a JSON text, numbers kept as they are written where the browser tells.
  function fromJson(text) {
    const keep = (_, value, context) => {
      if (typeof value !== "number" || !context?.source || context.source === String(value)) return value;
      return { n: context.source };
    };
    const found = JSON.parse(text, keep);
    if (!isMap(found)) refuse("a map of names and values is needed: { … }");
    return found;
  }

  return Object.freeze({ valuesOf, asInput, fromJson });
})();
