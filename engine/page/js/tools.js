// The parts of the page that compute after the paint: how far one can go, what would make it fit, the curve, the comparison.
const Tools = (() => {
  const { h, swap } = Dom;

  function panel(title, ...children) {
    const heading = h("h2", {}, title);
    return h("section", { class: "card" }, heading, children);
  }

  // The inputs that can be asked for, in groups [title, [[name, title]]]: those asked first, presets, then the others as they are grouped.
  function unknowns(page, view, numbersOnly) {
    const { gauge } = page;
    const { report, groups } = gauge.content;
    const types = numbersOnly ? ["integer", "number"] : ["integer", "number", "choice", "boolean"];
    const wanted = gauge.program.items.filter(
      (item) => item.input && types.includes(item.type) && view.used.has(item.id) && item.id !== gauge.budget,
    );
    const entry = (item) => [page.name(item), item.title ?? page.name(item)];
    const first = report.inputs.map((name) => gauge.program.item(name)).filter((item) => wanted.includes(item));
    const rest = wanted.filter((item) => !first.includes(item));
    const kinds = numbersOnly ? [] : [...gauge.kinds.values()].map((kind) => [kind.name, kind.title || kind.name]);
    const others = [...groups, [undefined, "Other inputs"]].map(([name, title]) => [
      title,
      rest.filter((item) => item.group === name).map(entry),
    ]);
    return [["", first.map(entry)], ["Presets", kinds], ...others].filter(([, entries]) => entries.length);
  }

  // A list to pick an input from, kept as it is while its entries stay the same.
  function picker(label, onpick) {
    const box = h("select", { "aria-label": label });
    box.addEventListener("change", () => onpick(box.value));
    const options = (entries) => entries.map(([name, title]) => h("option", { value: name }, title));
    let known = "";
    function fill(groups, value) {
      const key = JSON.stringify(groups);
      if (key !== known)
        box.replaceChildren(
          ...groups.flatMap(([title, entries]) => (title ? [h("optgroup", { label: title }, options(entries))] : options(entries))),
        );
      known = key;
      const names = groups.flatMap(([, entries]) => entries.map(([name]) => name));
      box.value = names.includes(value) ? value : (names[0] ?? "");
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
        swap(out, ...solution(page, name, found));
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
    if (found.side === "any") return [h("p", {}, `Every value fits, up to ${value}.`)];
    const words = {
      largest: "is the largest that fits",
      smallest: "is the smallest that fits",
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
    const beside = page.good.answer.ranges.map((range) => range.title);
    const notes = (found.notes ?? []).filter((note) => !beside.some((title) => note.startsWith(title)));
    for (const note of notes) lines.push(h("p", { class: "quiet" }, note));
    const titled = (text) =>
      text.replaceAll(page.gauge.content.report.total, Answer.titleOf(page.gauge, page.gauge.total)).replaceAll(name, item.title ?? name);
    if (found.proof) lines.push(h("p", { class: "quiet" }, titled(found.proof)));
    lines.push(...counted(page, name, found, item));
    return lines;
  }

  // What stands beside the total is in the verdict, and not in what is solved: where that matters, the value with it is told too.
  function counted(page, name, found, item) {
    const { gauge, good } = page;
    const with_ = (value) => gauge.answerOf(new Map(good.answer.given).set(item.id, { value, origin: "given" }));
    const there = with_(found.value);
    if (there.fits !== false || found.side !== "largest") return [];
    const low = there.ranges.reduce((sum, range) => Exact.add(sum, range.low), 0);
    try {
      const { value } = Solve.solve(gauge, good.answer.given, name, { bound: Exact.subtract(there.budget, low) });
      const use = h("button", { type: "button", onclick: () => page.set(name, Fields.words(value, item.unit)) }, "Use it");
      const beside = there.ranges.map((range) => range.title).join(", ");
      return [h("p", { class: "row" }, h("strong", { class: "big" }, Quantity.grouped(value)), ` with the low end of: ${beside}`, use)];
    } catch (error) {
      if (!(error instanceof Solve.NoAnswer)) throw error;
      return [];
    }
  }

  function tried(page, name, entries, unit) {
    const known = entries.filter((entry) => entry.at !== null);
    const [best] = entries;
    const said = h(
      "p",
      {},
      h("strong", { class: "big" }, Fields.words(best.value)),
      ` fits with the least to spare: ${Quantity.readable(best.headroom, unit)} left`,
    );
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
      said,
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
      if (found) swap(out, ...advice(page, found));
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
        chosen.smallest && many ? "The fewest changes that make it fit" : many ? "Together these make it fit" : "One change makes it fit";
      const doubt = remedy && remedy.tried.certain === false;
      const said = remedy
        ? `${fewest}${doubt ? ", though not at the high end of what stands beside it" : ""}:`
        : "Nothing here makes it fit. The least comes with";
      const titles = chosen.levers.map(([lever]) => h("li", {}, `${lever.title ?? lever.name}. `, lever.cost));
      lines.push(
        h(
          "div",
          { class: `verdict ${remedy ? (doubt ? "warn" : "good") : "bad"}` },
          h("strong", {}, said),
          h("ul", {}, titles),
          h("p", { class: "row" }, h("code", {}, listed(set)), `→ ${Quantity.readable(chosen.tried.total, unit)}`, apply(set)),
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
      h("span", { class: "quiet" }, shown.fits ? (shown.certain ? " ✓ fits" : " ≈ just fits") : ""),
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

  // Where the total meets the budget along an input; undefined where it does not.
  function crossingOf(page, view, name) {
    if (page.solved?.name === name) return page.solved.found.value;
    if (view.answer.budget === undefined) return undefined;
    try {
      return Solve.solve(page.gauge, view.answer.given, name, {}).value;
    } catch (error) {
      if (!(error instanceof Solve.NoAnswer)) throw error;
      return undefined;
    }
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
      const crossing = crossingOf(page, view, name);
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
