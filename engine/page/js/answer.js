// The answer: verdict in words, table of parts, and why a value is what it is.
const Answer = (() => {
  const { h } = Dom;
  const titleOf = (gauge, id) => gauge.program.byId.get(id).title ?? gauge.program.name(id);
  const unitOf = (gauge) => gauge.program.byId.get(gauge.total)?.unit ?? "";
  const bytes = (value, unit) => `${Quantity.grouped(value)}${unit === "byte" ? " bytes" : unit ? ` ${unit}` : ""}`;

  // The answer in one sentence, for the title of a bar and the live region.
  function sentence(gauge, answer) {
    if (gauge.total === undefined) return null;
    if (answer.total === undefined)
      return answer.missing?.length ? `A value is missing: ${answer.missing.map((item) => item.title).join(", ")}` : "No answer";
    const unit = unitOf(gauge);
    const said = `${titleOf(gauge, gauge.total)} ${Quantity.readable(answer.total, unit)}`;
    if (answer.fits === undefined) return said;
    const size = Quantity.readable(Exact.magnitude(answer.headroom), unit);
    return answer.fits
      ? `${said}: fits${answer.fitsAtHighEnd === false ? " just" : ""}, ${size} left`
      : `${said}: does not fit, ${Exact.compare(answer.headroom, 0) < 0 ? `${size} too much` : `only ${size} left for what is beside it`}`;
  }

  function verdict(gauge, answer) {
    const unit = unitOf(gauge);
    if (answer.problems.length)
      return h(
        "div",
        { class: "verdict bad" },
        h("strong", {}, "✗ Not computed"),
        h(
          "ul",
          {},
          answer.problems.map((each) => h("li", {}, each.message)),
        ),
      );
    if (answer.missing?.length) {
      const names = answer.missing
        .slice(0, 8)
        .map((item) => h("li", {}, item.title ?? gauge.program.name(item.id), " ", h("code", {}, gauge.program.name(item.id))));
      const kinds = [...gauge.kinds.values()].filter((kind) => kind.readers).map((kind) => kind.title || kind.name);
      return h(
        "div",
        { class: "verdict" },
        h("strong", {}, answer.missing.length > 1 ? `${answer.missing.length} values are missing` : "A value is missing"),
        h("ul", {}, names),
        kinds.length
          ? h("p", {}, `Choose a ${kinds.join(" or ").toLowerCase()}, or give ${answer.missing.length > 1 ? "them" : "it"}.`)
          : null,
      );
    }
    if (gauge.total === undefined) return null;
    if (answer.total === undefined)
      return h("div", { class: "verdict" }, h("strong", {}, `${titleOf(gauge, gauge.total)} does not apply here`));
    if (answer.fits === undefined)
      return gauge.budget === undefined
        ? null
        : h("div", { class: "verdict" }, `Give ${titleOf(gauge, gauge.budget).toLowerCase()} to see whether it fits.`);
    return fitting(gauge, answer, unit);
  }

  function fitting(gauge, answer, unit) {
    const size = Quantity.readable(Exact.magnitude(answer.headroom), unit);
    const short = Exact.compare(answer.headroom, 0) < 0;
    const doubt = answer.fits && answer.fitsAtHighEnd === false;
    const word = answer.fits ? (doubt ? "≈ Just fits" : "✓ Fits") : "✗ Does not fit";
    const times = answer.budget !== 0 && Exact.compare(answer.total, Exact.multiply(10, answer.budget)) > 0;
    const share = times
      ? `${Quantity.decimals(Exact.divide(answer.total, answer.budget), 1)} ×`
      : `${Quantity.share(answer.total, answer.budget)} of`;
    const used = `${share} ${Quantity.readable(answer.budget, unit)}`;
    return h(
      "div",
      { class: `verdict ${answer.fits ? (doubt ? "warn" : "good") : "bad"}` },
      h("strong", {}, word),
      " ",
      h("span", { title: bytes(Exact.magnitude(answer.headroom), unit) }, short ? `${size} too much` : `${size} left`),
      h("span", { class: "quiet" }, ` · ${used}`),
    );
  }

  // The number large and the verdict; beside it, what more is to be said.
  function head(gauge, answer) {
    if (gauge.total === undefined) return [];
    const known = answer.total !== undefined && !answer.problems.length;
    const total = known ? Quantity.readable(answer.total, unitOf(gauge)) : "—";
    return [
      h("p", { class: "what" }, titleOf(gauge, gauge.total)),
      h("p", { class: "total" }, total),
      known ? verdict(gauge, answer) : null,
    ].filter(Boolean);
  }

  function more(gauge, answer) {
    const unit = unitOf(gauge);
    const known = answer.total !== undefined && !answer.problems.length;
    const peaks = known ? answer.breakdown.peaks.map((id) => titleOf(gauge, id)).join(" / ") : "";
    return [
      known ? h("p", { class: "quiet exact" }, bytes(answer.total, unit), peaks ? ` · falls in: ${peaks}` : "") : verdict(gauge, answer),
      known ? answer.ranges.map((range) => h("p", { class: "quiet" }, rangeText(range, unit, answer))) : null,
      answer.warnings.length
        ? h(
            "ul",
            { class: "warnings" },
            answer.warnings.map((text) => h("li", {}, text)),
          )
        : null,
    ]
      .flat()
      .filter(Boolean);
  }

  const rangeText = (range, unit, answer) =>
    `${range.title}, not in the total: ${Quantity.readable(range.low, unit)} to ${Quantity.readable(range.high, unit)}.${
      answer.fits && answer.fitsAtHighEnd === false ? " At its high end it does not fit." : ""
    }`;

  // The rows of the table, as `eval` prints them: the terms of the total, the total, the parts that are not in it.
  function rows(gauge, answer) {
    const { values } = answer;
    const listed = [...gauge.stops];
    const rank = (id) => (listed.includes(id) ? listed.indexOf(id) : listed.length);
    const terms = answer.breakdown.terms.filter((term) => term.value !== 0).sort((a, b) => rank(a.id) - rank(b.id));
    const made = terms.map((term) => ({ ...term, share: Quantity.share(term.value, answer.total) }));
    made.push({ id: gauge.total, label: titleOf(gauge, gauge.total), value: answer.total, share: "100.0 %", total: true });
    const here = new Set(terms.map((term) => term.id));
    for (const id of gauge.parts) {
      const state = values.state(id);
      if (here.has(id)) continue;
      if (Exact.isNumber(state) && state !== 0)
        made.push({ id, label: titleOf(gauge, id), value: state, share: "not at the peak", aside: true });
    }
    return made;
  }

  function table(gauge, answer, onpick) {
    const unit = unitOf(gauge);
    const body = rows(gauge, answer).map((row) => {
      const label =
        row.id === undefined ? row.label : h("button", { type: "button", class: "link", onclick: () => onpick(row.id) }, row.label);
      const sizes = row.value === undefined ? ["", ""] : [Quantity.grouped(row.value), Quantity.readable(row.value, unit)];
      return h(
        "tr",
        { class: row.total ? "sum" : row.aside ? "aside" : "", "data-id": row.id },
        h("th", { scope: "row" }, label),
        h("td", {}, sizes[1], h("small", { class: "exactly quiet" }, sizes[0])),
        h("td", { class: "digits" }, sizes[0]),
        h("td", {}, row.share),
      );
    });
    const none = gauge.parts.filter((id) => [0, Plan.NOTHING].includes(answer.values.state(id)));
    const rest = none.flatMap((id, at) => [
      at ? ", " : "",
      h("button", { type: "button", class: "link", onclick: () => onpick(id) }, titleOf(gauge, id)),
    ]);
    const note = none.length ? h("p", { class: "quiet nothing" }, "Nothing here: ", rest) : null;
    return [
      h(
        "table",
        { class: "parts" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Part", "Size", unit === "byte" ? "Bytes" : "Value", "Share"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h("tbody", {}, body),
      ),
      note,
    ].filter(Boolean);
  }

  // For rules without a total: every rule with its value.
  function plainTable(gauge, answer, onpick) {
    const items = gauge.program.items.filter((item) => !item.input);
    const body = items.map((item) =>
      h(
        "tr",
        { "data-id": item.id },
        h(
          "th",
          { scope: "row" },
          h("button", { type: "button", class: "link", onclick: () => onpick(item.id) }, item.title ?? gauge.program.name(item.id)),
        ),
        h("td", {}, stateText(answer.values.state(item.id), item.unit)),
      ),
    );
    return h(
      "table",
      { class: "parts" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Rule"), h("th", { scope: "col" }, "Value"))),
      h("tbody", {}, body),
    );
  }

  // A state in words: exact digits, and a readable size where that says more.
  function stateText(state, unit) {
    if (state === Plan.NOTHING) return "does not apply";
    if (state === undefined || state instanceof Plan.Absent) return "unknown";
    if (!Exact.isNumber(state)) return Fields.words(state);
    const [digits, short] = [Quantity.grouped(state), Quantity.readable(state, unit)];
    return short.replace(" B", "") === digits ? `${digits}${unit ? ` ${unit}${state === 1 ? "" : "s"}` : ""}` : `${short} (${digits})`;
  }

  // The formula that counted, or the condition that did not hold.
  function body(gauge, values, item) {
    if (item.input) return item.formula;
    if (item.when !== undefined && values.compute(item.when) !== true) return item.when;
    return item.cases.find(([condition]) => condition === null || values.compute(condition) === true)?.[1];
  }

  function sourceLink(gauge, source) {
    if (!source) return null;
    const [number, text] = source;
    const [title, url] = number < 0 ? ["", ""] : gauge.content.sources[number];
    const said = `${title}${text}`;
    const link = /^https:\/\//.test(url ?? "") ? h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, said) : said;
    return h("p", { class: "quiet" }, "Source: ", link);
  }

  // Why a name has its value: the formula typeset, the numbers put in, the source, what it needs.
  function why(gauge, answer, id, onpick) {
    const item = gauge.program.byId.get(id);
    const { values } = answer;
    const known = answer.given.get(id);
    const formula = known ? undefined : body(gauge, values, item);
    const state = values.state(id);
    const tree = formula === undefined ? null : gauge.program.tree(formula);
    const lines = [
      h(
        "p",
        { class: "value" },
        h("strong", {}, stateText(state, item.unit)),
        known ? h("span", { class: "quiet" }, ` ${known.where ?? "given"}`) : "",
      ),
    ];
    if (item.doc) lines.push(h("p", {}, item.doc));
    if (tree) {
      const name = { kind: "name", id, name: gauge.program.name(id) };
      const skipped = state === Plan.NOTHING;
      lines.push(
        h(
          "div",
          { class: "formula", tabindex: 0, role: "group", "aria-label": "Formula" },
          skipped ? "applies when " : "",
          MathText.equation(gauge, skipped ? null : name, tree, skipped ? "" : "="),
        ),
      );
      const numbers = Trees.numbers(values, tree);
      if (!skipped && Plan.children(tree).length)
        lines.push(
          h(
            "div",
            { class: "formula", tabindex: 0, role: "group", "aria-label": "With the numbers put in" },
            MathText.equation(gauge, null, numbers),
          ),
        );
    } else if (!known && item.input) lines.push(h("p", { class: "quiet" }, "assumed"));
    if (item.source) lines.push(sourceLink(gauge, item.source));
    const needs = tree ? [...new Set(gauge.program.used(tree))] : [];
    if (needs.length) {
      const written = MathText.known(gauge, { id }, tree);
      const entry = (needed) => {
        const sign = MathText.formula({ kind: "name", name: gauge.program.name(needed) }, written);
        const link = h("button", { type: "button", class: "link", onclick: () => onpick(needed) }, titleOf(gauge, needed));
        return h(
          "li",
          {},
          sign,
          " ",
          link,
          " ",
          h("span", { class: "quiet" }, stateText(values.state(needed), gauge.program.byId.get(needed).unit)),
        );
      };
      lines.push(h("ul", { class: "needs" }, needs.map(entry)));
    }
    return lines;
  }

  return Object.freeze({ sentence, head, more, table, plainTable, why, titleOf, unitOf, stateText });
})();
