// What is asked, and the ways it leaves the page: the address, an inputs file, a command, JSON.
//
// `asked` is { set: texts by name, files: foreign files by preset kind }, as Gauge.answer takes it.
const State = (() => {
  const FILE = "file:";

  // The part of an address after `#`, readable: `model=llama&size=8`.
  function toFragment(asked) {
    const pairs = new URLSearchParams(asked.set);
    for (const [kind, file] of Object.entries(asked.files)) pairs.set(FILE + kind, JSON.stringify([file.name, file.config]));
    return pairs.toString();
  }

  // What an address asks; null where it asks nothing. What it names and the rules have not is left out.
  function fromFragment(gauge, fragment) {
    const asked = { set: {}, files: {} };
    for (const [key, value] of new URLSearchParams(fragment.replace(/^#/, ""))) {
      if (key.startsWith(FILE)) {
        const kind = key.slice(FILE.length);
        try {
          const [name, config] = JSON.parse(value);
          if (gauge.kinds.has(kind)) asked.files[kind] = { name: String(name), config };
        } catch {
          continue;
        }
      } else if (gauge.kinds.has(key) || gauge.program.item(key)) {
        asked.set[key] = value;
      }
    }
    return Object.keys(asked.set).length || Object.keys(asked.files).length ? asked : null;
  }

  const everything = (asked) => [...Object.entries(asked.files).map(([kind, file]) => [kind, file.name]), ...Object.entries(asked.set)];

  // A scalar of YAML that reads back as this text.
  const yamlText = (text) =>
    /^(\[[A-Za-z0-9_., -]*\]|[A-Za-z0-9_.+][A-Za-z0-9_.+\/%-]*)$/.test(text) && !/^(null|~)$/i.test(text) ? text : JSON.stringify(text);
  // A comma is no part of a number in a file.
  const grouped = /^\s*[+-]?[0-9]{1,3}(,[0-9]{3})+(?![0-9,])/;
  const yaml = (asked) =>
    everything(asked)
      .map(([name, text]) => `${name}: ${yamlText(grouped.test(text) ? text.replaceAll(",", "") : text)}\n`)
      .join("");

  const shell = (text) => (/^[A-Za-z0-9_.,=+\/:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  function command(gauge, asked) {
    const options = everything(asked).map(([name, text]) =>
      gauge.kinds.has(name) ? `--${name} ${shell(text)}` : `--set ${shell(`${name}=${text}`)}`,
    );
    return ["python cli.py eval", shell(gauge.content.path), ...options].join(" ");
  }

  // A number for JSON: exact where JavaScript holds it, else the nearest.
  function plain(value) {
    if (Array.isArray(value)) return value.map(plain);
    return value instanceof Exact.Fraction ? Exact.float(value) : value;
  }

  // The object that `eval --format json` prints.
  function object(gauge, answer) {
    const { values } = answer;
    const { program } = gauge;
    const rules = program.items.filter((item) => !item.input);
    const known = rules.filter((item) => values.has(item.id));
    const named = (items, of) => Object.fromEntries(items.map((item) => [program.name(item.id), of(item)]));
    const fraction = known.filter((item) => values.state(item.id) instanceof Exact.Fraction);
    return {
      title: gauge.content.title,
      values: named(known, (item) => plain(values.state(item.id))),
      units: named(
        known.filter((item) => item.unit),
        (item) => item.unit,
      ),
      exact: named(fraction, (item) => String(values.state(item.id))),
      inputs: named(
        program.items.filter((item) => item.input && values.has(item.id)),
        (item) => ({
          value: plain(values.state(item.id)),
          origin: values.origin(item),
          where: answer.given.get(item.id)?.where,
        }),
      ),
      not_applicable: rules.filter((item) => values.state(item.id) === Plan.NOTHING).map((item) => program.name(item.id)),
      overridden: rules.filter((item) => answer.given.has(item.id)).map((item) => program.name(item.id)),
      unknown: rules.filter((item) => values.state(item.id) instanceof Plan.Absent).map((item) => program.name(item.id)),
      warnings: answer.warnings,
      fits: answer.fits ?? null,
      headroom: answer.headroom === undefined ? null : plain(answer.headroom),
      ...(answer.total === undefined ? {} : peak(gauge, answer)),
    };
  }

  // What is said of a total.
  function peak(gauge, answer) {
    const name = (id) => gauge.program.name(id);
    const made = {
      total: name(gauge.total),
      budget: answer.budget === undefined ? null : plain(answer.budget),
      parts: answer.breakdown.terms.map(({ id, label, value }) => ({ name: id === undefined ? label : name(id), value: plain(value) })),
      peak: answer.breakdown.peaks.map(name),
    };
    if (!gauge.beside.length) return made;
    const ranges = answer.ranges.map(({ title, low, high }) => ({ title, low: plain(low), high: plain(high) }));
    return { ...made, ranges, fits_at_high_end: answer.fitsAtHighEnd ?? null };
  }

  return Object.freeze({ toFragment, fromFragment, yaml, command, object });
})();
