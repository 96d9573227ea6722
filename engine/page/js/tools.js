// The parts of the page that compute after the paint: how far one can go, what would make it fit, the curve, the comparison.
const Tools = (() => {
  const { h } = Dom;

  function panel(title, ...children) {
    const heading = h("h2", {}, title);
    return h("section", { class: "card" }, heading, children);
  }

  // The inputs that can be asked for: numbers that matter here, then choices and presets.
  function unknowns(page, view, numbersOnly) {
    const { gauge } = page;
    const wanted = gauge.program.items.filter((item) => item.input && (view.used.has(item.id) || item.name === page.unknown));
    const first = new Map(gauge.content.report.inputs.map((name, at) => [name, at]));
    const rank = (item) => first.get(page.name(item)) ?? first.size + item.id;
    const numbers = wanted
      .filter((item) => ["integer", "number"].includes(item.type) && item.id !== gauge.budget)
      .sort((a, b) => rank(a) - rank(b));
    const named = numbers.map((item) => [page.name(item), item.title]);
    if (numbersOnly) return named;
    const choices = wanted.filter((item) => ["choice", "boolean"].includes(item.type)).sort((a, b) => rank(a) - rank(b));
    const kinds = [...gauge.kinds.values()].map((kind) => [kind.name, kind.title || kind.name]);
    return [...named, ...kinds, ...choices.map((item) => [page.name(item), item.title])];
  }

  // A list to pick an input from, kept as it is while its entries stay the same.
  function picker(label, onpick) {
    const box = h("select", { "aria-label": label });
    box.addEventListener("change", () => onpick(box.value));
    let known = "";
    function fill(entries, value) {
      const key = JSON.stringify(entries);
      if (key !== known) box.replaceChildren(...entries.map(([name, title]) => h("option", { value: name }, title ?? name)));
      known = key;
      box.value = entries.some(([name]) => name === value) ? value : (entries[0]?.[0] ?? "");
      return box.value;
    }
    return { box, fill };
  }

  // How far one can go, for whichever input is picked.
  function inverse(page) {
    const pick = picker("What to solve for", (name) => {
      page.unknown = name;
      page.refresh();
    });
    const out = h("div", { class: "solved", role: "status" });
    const element = panel("How far can I go?", h("p", { class: "row" }, "The furthest that still fits, for", pick.box), out);
    function update(view) {
      element.hidden = view.answer.budget === undefined;
      if (element.hidden) return;
      const name = pick.fill(unknowns(page, view), page.unknown);
      try {
        const found = Solve.solve(page.gauge, view.answer.given, name, {});
        page.solved = { name, found };
        out.replaceChildren(...solution(page, name, found));
      } catch (error) {
        page.solved = null;
        if (!(error instanceof Solve.NoAnswer)) throw error;
        out.replaceChildren(h("p", {}, error.message));
      }
    }
    return { element, update };
  }

  function solution(page, name, found) {
    const item = page.gauge.program.item(name);
    const unit = Answer.unitOf(page.gauge);
    if (found.entries) return tried(page, name, found.entries, unit);
    if (found.value === null) return [h("p", {}, "Every value fits.")];
    const [value, text] = [Quantity.grouped(found.value), Fields.words(found.value, item.unit)];
    if (!found.attained)
      return [h("p", {}, `Any value ${found.side === "smallest" ? "above" : "below"} ${value} fits; ${value} itself no longer does.`)];
    const words = {
      largest: "is the largest that fits",
      smallest: "is the smallest that fits",
      any: "and every other value fits",
      only: "is the only one that fits",
    };
    const lines = [
      h(
        "p",
        { class: "row" },
        h("strong", { class: "big" }, value),
        ` ${words[found.side]}`,
        h("button", { type: "button", onclick: () => page.set(name, text) }, "Use it"),
      ),
      h(
        "p",
        { class: "quiet" },
        found.at === null ? "" : `There: ${Quantity.readable(found.at, unit)} (${Quantity.grouped(found.at)}).`,
        found.next === null || found.beyond === null
          ? ""
          : ` At ${Quantity.grouped(found.next)}: ${Quantity.readable(found.beyond, unit)} (${Quantity.grouped(found.beyond)}).`,
      ),
    ];
    for (const note of found.notes ?? []) lines.push(h("p", { class: "quiet" }, note));
    if (found.proof) lines.push(h("p", { class: "quiet" }, found.proof));
    return lines;
  }

  function tried(page, name, entries, unit) {
    const known = entries.filter((entry) => entry.at !== null);
    const row = (entry) =>
      h(
        "tr",
        {},
        h(
          "th",
          { scope: "row" },
          h("button", { type: "button", class: "link", onclick: () => page.choose(name, String(entry.value)) }, Fields.words(entry.value)),
        ),
        h("td", {}, Quantity.readable(entry.at, unit)),
        h(
          "td",
          {},
          entry.fits
            ? `✓ ${Quantity.readable(entry.headroom, unit)} left`
            : `✗ ${Quantity.readable(Exact.magnitude(entry.headroom), unit)} too much`,
        ),
      );
    const head = h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Value", "Total", "Verdict"].map((text) => h("th", { scope: "col" }, text)),
      ),
    );
    return [
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "All values" },
        h("table", {}, head, h("tbody", {}, known.map(row))),
      ),
    ];
  }

  // The levers of the rules, with what each would save here.
  function levers(page) {
    const out = h("div", {});
    const element = panel("What would help?", out);
    function update(view) {
      element.hidden = !page.gauge.levers.length || view.answer.total === undefined;
      return element.hidden ? null : work(view);
    }
    function* work(view) {
      const found = yield* Advise.advise(page.gauge, view.answer.given);
      element.hidden = !found;
      if (found) out.replaceChildren(...advice(page, found));
    }
    return { element, update };
  }

  // Settings as a person would type them.
  const texts = (page, settings) =>
    Object.fromEntries(
      [...settings].map(([id, value]) => [
        page.gauge.program.name(id),
        typeof value === "boolean" ? String(value) : Fields.words(value, page.gauge.program.byId.get(id).unit),
      ]),
    );
  const listed = (set) =>
    Object.entries(set)
      .map(([name, text]) => `${name} = ${text}`)
      .join(", ");

  function advice(page, { before, offers, remedy, lowest }) {
    const unit = Answer.unitOf(page.gauge);
    const apply = (set) => h("button", { type: "button", "aria-label": `Apply ${listed(set)}`, onclick: () => page.setAll(set) }, "Apply");
    const lines = [];
    const chosen = remedy ?? lowest;
    if (chosen) {
      const set = Object.assign({}, ...chosen.levers.map(([, settings]) => texts(page, settings)));
      const many = chosen.levers.length > 1;
      const fewest =
        chosen.smallest && many
          ? "The fewest changes that make it fit:"
          : many
            ? "Together these make it fit:"
            : "One change makes it fit:";
      const said = remedy ? fewest : "Nothing here makes it fit. The least comes with";
      const titles = chosen.levers.map(([lever]) => h("li", {}, `${lever.title ?? lever.name}. `, lever.cost));
      lines.push(
        h(
          "div",
          { class: `verdict ${remedy ? "good" : "bad"}` },
          h("strong", {}, said),
          h("ul", {}, titles),
          h(
            "p",
            { class: "row" },
            h("code", {}, listed(set)),
            `→ ${Quantity.readable(chosen.tried.total, unit)}`,
            remedy ? apply(set) : null,
          ),
        ),
      );
    } else if (before.fits === false) lines.push(h("div", { class: "verdict bad" }, h("strong", {}, "Nothing here makes it fit.")));
    if (!offers.length) lines.push(h("p", { class: "quiet" }, "No lever of the rules saves anything here."));
    lines.push(
      h(
        "ul",
        { class: "levers" },
        offers.map(({ lever, shown }) => row(page, lever, shown, apply, unit)),
      ),
    );
    return lines;
  }

  function row(page, lever, shown, apply, unit) {
    const set = texts(page, shown.settings);
    const saves = h(
      "div",
      { class: "saves" },
      `−${Quantity.readable(shown.saved, unit)}`,
      h("span", { class: "quiet" }, shown.fits ? " ✓ fits" : ""),
      " ",
      apply(set),
    );
    return h(
      "li",
      { class: "lever" },
      h("div", {}, h("strong", {}, lever.title ?? lever.name), " ", h("code", {}, listed(set)), h("p", { class: "quiet" }, lever.cost)),
      saves,
    );
  }

  // The total over one input.
  function curve(page) {
    const pick = picker("Input along the curve", (name) => {
      page.along = name;
      page.refresh();
    });
    const out = h("div", {});
    const element = panel("How it grows", h("p", { class: "row" }, "Total over", pick.box), out);
    function update(view) {
      const entries = view.answer.total === undefined ? [] : unknowns(page, view, true);
      element.hidden = !entries.length;
      if (element.hidden) return null;
      const name = pick.fill(entries, page.along ?? page.unknown);
      const crossing = page.solved?.name === name ? page.solved.found.value : undefined;
      const item = page.gauge.program.item(name);
      return work(
        Curve.draw(page.gauge, view.answer, item.id, { crossing, onpoint: (value) => page.set(name, Fields.words(value, item.unit)) }),
      );
    }
    function* work(drawing) {
      out.replaceChildren(yield* drawing);
    }
    return { element, update };
  }

  // Pinned configurations side by side.
  function compare(page) {
    const out = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Pinned configurations" });
    const pin = h("button", { type: "button", onclick: () => page.pin() }, "Pin this one");
    const element = panel(
      "Compare",
      h("p", { class: "row" }, pin, h("span", { class: "quiet" }, "Pin it, change something, and see both.")),
      out,
    );
    function update(view) {
      const pins = page.pins.map((each, at) => ({ ...each, onremove: () => page.unpin(at) }));
      out.hidden = !pins.length;
      if (pins.length) out.replaceChildren(Compare.table(page.gauge, [...pins, { label: "Now", asked: view.asked }]));
    }
    return { element, update };
  }

  return Object.freeze({ panel, inverse, levers, curve, compare });
})();
