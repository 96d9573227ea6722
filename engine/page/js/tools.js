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
    const numbers = wanted.filter((item) => ["integer", "number"].includes(item.type) && item.id !== gauge.budget).sort((a, b) => rank(a) - rank(b));
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
      box.value = entries.some(([name]) => name === value) ? value : entries[0]?.[0] ?? "";
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
    const words = { largest: "is the largest that fits", smallest: "is the smallest that fits", any: "and every other value fits", only: "is the only one that fits" };
    const lines = [
      h("p", { class: "row" }, h("strong", { class: "big" }, value), ` ${words[found.side]}`, h("button", { type: "button", onclick: () => page.set(name, text) }, "Use it")),
      h("p", { class: "quiet" }, found.at === null ? "" : `There: ${Quantity.readable(found.at, unit)} (${Quantity.grouped(found.at)}).`, found.next === null || found.beyond === null ? "" : ` At ${Quantity.grouped(found.next)}: ${Quantity.readable(found.beyond, unit)} (${Quantity.grouped(found.beyond)}).`),
    ];
    for (const note of found.notes ?? []) lines.push(h("p", { class: "quiet" }, note));
    if (found.proof) lines.push(h("p", { class: "quiet" }, found.proof));
    return lines;
  }

  function tried(page, name, entries, unit) {
    const known = entries.filter((entry) => entry.at !== null);
    const row = (entry) =>
      h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => page.choose(name, String(entry.value)) }, Fields.words(entry.value))), h("td", {}, Quantity.readable(entry.at, unit)), h("td", {}, entry.fits ? `✓ ${Quantity.readable(entry.headroom, unit)} left` : `✗ ${Quantity.readable(Exact.magnitude(entry.headroom), unit)} too much`));
    const head = h("thead", {}, h("tr", {}, ["Value", "Total", "Verdict"].map((text) => h("th", { scope: "col" }, text))));
    return [h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "All values" }, h("table", {}, head, h("tbody", {}, known.map(row))))];
  }

  // The levers of the rules, with what each would save here.
  function levers(page) {
    const out = h("div", {});
    const element = panel("What would help?", out);
    function update(view) {
      element.hidden = !page.gauge.content.levers?.length || view.answer.total === undefined;
      if (element.hidden) return;
      const found = Advise.advise(page.gauge, view.answer.given);
      out.replaceChildren(...advice(page, found));
    }
    return { element, update };
  }

  const settings = (step) => Object.entries(step).map(([name, text]) => `${name} = ${text}`).join(", ");

  function advice(page, found) {
    const unit = Answer.unitOf(page.gauge);
    const apply = (step) => h("button", { type: "button", "aria-label": `Apply ${settings(step)}`, onclick: () => page.setAll(step) }, "Apply");
    const lines = [];
    if (found.set) {
      const step = Object.assign({}, ...found.set.steps);
      lines.push(h("div", { class: "verdict good" }, h("strong", {}, found.set.steps.length > 1 ? "The fewest changes that make it fit" : "One change makes it fit"), h("p", { class: "row" }, h("code", {}, settings(step)), ` → ${Quantity.readable(found.set.total, unit)}`, apply(step))));
    } else if (found.lowest !== undefined && found.lowest !== null) {
      lines.push(h("div", { class: "verdict bad" }, `None of these makes it fit: together they reach ${Quantity.readable(found.lowest, unit)}.`));
    }
    if (!found.levers.length) lines.push(h("p", { class: "quiet" }, "Nothing in the list saves anything here."));
    const row = (lever) =>
      h("li", { class: "lever" }, h("div", {}, h("strong", {}, lever.title), h("span", { class: "quiet" }, ` ${settings(lever.step)}`), h("p", { class: "quiet" }, lever.cost)), h("div", { class: "saves" }, `−${Quantity.readable(lever.saved, unit)}`, h("span", { class: "quiet" }, lever.fits ? " ✓ fits" : ""), " ", apply(lever.step)));
    lines.push(h("ul", { class: "levers" }, found.levers.map(row)));
    return lines;
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
      if (element.hidden) return;
      const name = pick.fill(entries, page.along ?? page.unknown);
      const crossing = page.solved?.name === name ? page.solved.found.value : undefined;
      const item = page.gauge.program.item(name);
      out.replaceChildren(Curve.draw(page.gauge, view.answer, item.id, { crossing, onpoint: (value) => page.set(name, Fields.words(value, item.unit)) }));
    }
    return { element, update };
  }

  // Pinned configurations side by side.
  function compare(page) {
    const out = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Pinned configurations" });
    const pin = h("button", { type: "button", onclick: () => page.pin() }, "Pin this one");
    const element = panel("Compare", h("p", { class: "row" }, pin, h("span", { class: "quiet" }, "Pin it, change something, and see both.")), out);
    function update(view) {
      const pins = page.pins.map((each, at) => ({ ...each, onremove: () => page.unpin(at) }));
      out.hidden = !pins.length;
      if (pins.length) out.replaceChildren(Compare.table(page.gauge, [...pins, { label: "Now", asked: view.asked }]));
    }
    return { element, update };
  }

  return Object.freeze({ panel, inverse, levers, curve, compare });
})();
