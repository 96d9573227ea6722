// What is drawn: a bar for each phase of the total, and what other drawings share. Floats place things; numbers to read are exact.
const Charts = (() => {
  const { h, svg } = Dom;
  const { add, compare } = Exact;
  const { readable, grouped, share } = Quantity;
  const pen = document.createElement("canvas").getContext("2d");
  const slots = new Map();
  const unfolded = {};
  let marks = 0;
  let room = 640;

  // Where a number is drawn; and a number to read near such a place.
  const float = (value) => Math.max(-1e300, Math.min(1e300, Exact.float(value)));
  function near(value) {
    if (typeof value !== "number") return value;
    const size = Math.abs(value);
    if (size > 1e15) return Exact.made(BigInt(Math.round(value)), 1n);
    return Number.isInteger(value) || size < 1e-50 ? Math.round(value) : Quantity.literal(value.toExponential(5));
  }
  const short = (value, unit) => readable(near(value), unit).replace(/\.0+(?=\D|$)|(\.\d*[1-9])0+(?=\D|$)/, "$1");
  const wide = (words) => pen.measureText(words).width;

  // As much of a text as there is room for.
  function fit(words, space) {
    let shown = words.slice(0, 200);
    if (shown === words && wide(words) <= space) return words;
    while (shown && wide(`${shown}…`) > space) shown = shown.slice(0, -1);
    return `${shown}…`;
  }

  const line = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });
  const text = (x, y, words, kind) => svg("text", { x, y, class: kind }, words);
  // A text with its middle at a place, or moved so that all of it is seen.
  function label(x, y, words, width, kind) {
    const shown = fit(words, width);
    return text(Math.max(0, Math.min(width - wide(shown), x - wide(shown) / 2)), y, shown, kind);
  }

  // What a scale says, none over another.
  function along(ticks, place, unit, y, width) {
    let last = -9;
    return ticks.flatMap((tick) => {
      const words = short(tick, unit);
      const from = Math.max(0, place(tick) - wide(words) / 2);
      if (from < last + 9 || from + wide(words) > width) return [];
      last = from + wide(words);
      return [text(from, y, words, "quiet")];
    });
  }

  // Round steps from 0 up to `top`: of 1024s for bytes, else of tens.
  function ticks(top, unit, most) {
    const base = unit === "byte" ? 1024 : 1000;
    const scale = base ** Math.max(0, Math.floor(Math.log(top) / Math.log(base)));
    const ten = 10 ** Math.floor(Math.log10(top / scale / most));
    const step = [1, 2, 5, 10].find((each) => each * ten * most * scale >= top) * ten * scale;
    return Array.from({ length: Math.floor(top / step) + 1 }, (_, at) => at * step);
  }

  // Stripes say without colour what is too much, and tell the second ten of the parts from the first.
  function stripes(kind) {
    const id = `${kind}${(marks += 1)}`;
    const props = { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    return [`url(#${id})`, svg("pattern", props, line(1, 0, 1, 6, kind))];
  }

  // A place that is drawn again whenever its width is another.
  function responsive(draw) {
    const place = h("div");
    let last = 0;
    const again = (width) => {
      if (width < 1 || width === last) return;
      room = last = width;
      pen.font = `bold 13px ${getComputedStyle(document.body).fontFamily}`;
      place.replaceChildren(draw(width));
    };
    again(room);
    new ResizeObserver(([entry]) => again(Math.floor(entry.contentRect.width))).observe(place);
    return place;
  }

  const drawing = (width, height, spoken, ...children) =>
    svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "drawing", role: "img", "aria-label": spoken }, ...children);

  // A table of the cells of its heads and bodies: [title, rows].
  function table(kind, heads, bodies) {
    const digits = kind === "parts" && 1;
    const cell = (tag) => (content, at) => h(tag, { class: at === digits && "digits", scope: tag === "th" && "col" }, content);
    const row = (tag, [first, ...rest]) => h("tr", null, h("th", { scope: tag === "td" ? "row" : "col" }, first), rest.map(cell(tag)));
    const head = (title) => h("tr", null, h("th", { scope: "rowgroup", colspan: heads.length }, title));
    const body = ([title, rows]) =>
      rows.length > 0 &&
      h(
        "tbody",
        null,
        title && head(title),
        rows.map((cells) => row("td", cells)),
      );
    return h("table", { class: kind }, h("thead", null, row("th", heads)), bodies.map(body));
  }

  // A table that can be opened, and stays so when it is made anew.
  function folded(words, name, ...content) {
    const box = h("div", { class: "scroll", role: "group", tabindex: 0, "aria-label": name }, table("parts", ...content));
    const keep = ({ target }) => (unfolded[name] = target.open);
    return h("details", { open: unfolded[name], ontoggle: keep }, h("summary", null, words), box);
  }

  // The parts of all phases, those in most phases first, so that bars begin alike; the tiny ones together.
  function partsOf(shown, top) {
    const parts = new Map();
    shown.forEach(({ terms }, at) =>
      terms.forEach(({ id, label: name, value }) => {
        if (value === 0) return;
        const key = id ?? name;
        if (!parts.has(key)) parts.set(key, { key, id, name, values: shown.map(() => 0), most: 0, times: 0 });
        const part = parts.get(key);
        part.values[at] = add(part.values[at], value);
        part.most = Math.max(part.most, Math.abs(float(value)));
        part.times += 1;
      }),
    );
    const sorted = [...parts.values()].sort((a, b) => b.times - a.times || b.most - a.most);
    const tiny = sorted.filter(({ most }) => most < top / 250);
    const made = tiny.length < 2 ? sorted : sorted.filter(({ most }) => most >= top / 250);
    // Colours stay with their parts while inputs change.
    for (const { key } of made) if (!slots.has(key)) slots.set(key, slots.size);
    const sums = () => shown.map((_, at) => tiny.reduce((sum, { values }) => add(sum, values[at]), 0));
    return made === sorted ? made : [...made, { name: `${tiny.length} smaller parts`, values: sums(), tiny }];
  }

  // A piece of a bar, or of the legend, with the number of its part where there is room.
  function piece({ key, tiny }, number, stripe, x, y, width) {
    const slot = slots.get(key);
    const box = { x, y, width, height: 24 };
    const middle = x + width / 2;
    const fill = tiny ? "var(--quiet)" : `var(--part-${(slot % 10) + 1})`;
    const made = [svg("rect", { ...box, class: "part", fill }), slot % 20 > 9 && svg("rect", { ...box, fill: stripe })];
    if (width < 24) return made;
    const plate = svg("rect", { x: middle - 9, y: y + 4, width: 18, height: 16, rx: 3, class: "plate" });
    return [...made, plate, text(middle, y + 16, number + 1, "number")];
  }

  function phases(gauge, answer, { onpick } = {}) {
    const shown = (answer.phases ?? []).map((phase) => ({ ...phase, name: Answer.titleOf(gauge, phase.id) }));
    const figure = h("figure", { class: "chart" });
    if (!shown.length) return figure;
    const unit = Answer.unitOf(gauge);
    const peak = shown.findIndex((phase) => phase.peak);
    const positive = ({ terms }) => terms.reduce((sum, { value }) => sum + Math.max(0, float(value)), 0);
    const top = Math.max(...shown.map(positive), float(answer.budget ?? 0)) * 1.02 || 1;
    const parts = partsOf(shown, top);
    const said = ({ name, values, tiny = [] }, at) => {
      const few = tiny.map((part) => `\n${part.name} ${readable(part.values[at], unit)}`).join("");
      return `${name}, ${shown[at].name}: ${Answer.stateText(values[at], unit)}, ${share(values[at], shown[at].total)}${few}`;
    };
    const view = { gauge, answer, shown, unit, peak, top, parts, said };
    const reading = h("p", { class: "reading quiet", "aria-live": "polite" });
    const look = ({ type, target }) => {
      const { part, phase } = target.closest("[data-part]")?.dataset ?? {};
      const others = part !== undefined && `:not([data-part="${part}"])`;
      for (const each of figure.querySelectorAll("[data-part]")) each.classList.toggle("dim", others && each.matches(others));
      reading.textContent = part === undefined ? "Point at a part, or step through the list, to read it." : said(parts[part], phase);
      if (type === "click" && parts[part]?.id !== undefined) onpick?.(parts[part].id);
    };
    for (const type of ["pointerover", "pointerleave", "focusin", "focusout", "click"]) figure.addEventListener(type, look);
    look({ target: figure });
    const name = Answer.titleOf(gauge, gauge.total);
    const keys = h(
      "ul",
      { class: "keys" },
      parts.map((part, at) => key(view, part, at)),
    );
    const words = shown.length > 1 ? "All phases as a table" : "As a table";
    const listed = folded(words, name, ["Part", "Size", "Exactly", "Share"], rows(view));
    figure.append(
      h("figcaption", null, name),
      responsive((width) => drawn(view, width)),
      keys,
      reading,
      listed,
    );
    return figure;
  }

  // An entry of the legend: it reads the part at the peak, or in the first phase that has it.
  function key({ unit, peak }, part, at) {
    const phase = part.values[peak] ? peak : part.values.findIndex(Boolean);
    const [stripe, pattern] = stripes("stripe");
    const sign = svg("svg", { width: 26, height: 24, "aria-hidden": "true" }, pattern, piece(part, at, stripe, 0, 0, 26));
    const value = phase === peak ? readable(part.values[peak], unit) : "not at the peak";
    const name = h("span", null, `${part.name}: `, h("small", { class: "quiet" }, value));
    return h("li", null, h("button", { type: "button", "data-part": at, "data-phase": phase }, sign, name));
  }

  function drawn(view, width) {
    const { gauge, answer, shown, unit, peak, top, parts } = view;
    const place = (value) => (value / top) * width;
    const [beyond, stripe] = [stripes("hatch"), stripes("stripe")];
    const bottom = shown.length * 60;
    const scale = ticks(top, unit, Math.max(2, width / 100));
    const children = scale.map((tick) => line(place(tick), 0, place(tick), bottom, "grid"));
    shown.forEach((phase, at) => {
      const y = at * 60;
      const most = at === peak && shown.length > 1;
      const total = fit((most ? "Peak " : "") + readable(phase.total, unit), width / 2);
      children.push(text(0, y + 15, fit(phase.name, width - wide(total) - 16), most && "strong"));
      children.push(text(width, y + 15, total, most ? "end strong" : "end"));
      children.push(...bar(view, at, y + 24, place, beyond[0], stripe[0]));
    });
    let end = bottom;
    if (answer.budget !== undefined) {
      const x = place(float(answer.budget));
      const limit = `${Answer.titleOf(gauge, gauge.budget)} ${readable(answer.budget, unit)}`;
      children.push(line(x, bottom - 6, x, bottom + 8, "edge"), label(x, (end += 22), limit, width, "strong"));
    }
    const list = (all, value) => all.map((each) => `${each.name} ${readable(value(each), unit)}`).join(", ");
    const here = ({ values }) => values[peak];
    const largest = parts
      .filter(here)
      .sort((a, b) => compare(here(b), here(a)))
      .slice(0, 3);
    const all = list(shown, ({ total }) => total);
    const spoken = `${Answer.sentence(gauge, answer)}. ${all}. At the peak, ${shown[peak].name}: ${list(largest, here)}.`;
    return drawing(width, end + 22, spoken, beyond[1], stripe[1], children, along(scale, place, unit, end + 18, width));
  }

  // The parts of a phase side by side; negative ones take back from the end; what is more than there is has hatching below.
  function bar({ answer, parts, said }, at, y, place, beyond, stripe) {
    let end = 0;
    const made = parts.flatMap((part, number) => {
      const size = place(float(part.values[at]));
      if (size === 0) return [];
      end += size;
      const box = piece(part, number, stripe, size < 0 ? end : end - size, y, Math.abs(size));
      return [svg("g", { class: size < 0 && "less", "data-part": number, "data-phase": at }, svg("title", null, said(part, at)), box)];
    });
    if (answer.budget === undefined) return made;
    const x = place(float(answer.budget));
    if (end > x) made.push(svg("rect", { x, y: y + 25, width: end - x, height: 6, class: "over", fill: beyond }));
    return [...made, line(x, y - 3, x, y + 32, "edge")];
  }

  // The bodies of the table: the terms of each phase with their sum, then what stands beside.
  function rows({ gauge, answer, shown, unit, peak }) {
    const amounts = (name, value, total) => [name, readable(value, unit), grouped(value), total === undefined ? "" : share(value, total)];
    const bodies = shown.map(({ name, terms, total }, at) => [
      name + (at === peak && shown.length > 1 ? " (peak)" : ""),
      [...terms.filter(({ value }) => value !== 0).map((term) => amounts(term.label, term.value, total)), amounts("Sum", total, total)],
    ]);
    const ends = ({ title, low, high }) => [amounts(`${title}, at least`, low), amounts(`${title}, at most`, high)];
    const beside = answer.ranges.flatMap(ends);
    if (answer.budget !== undefined) beside.push(amounts(Answer.titleOf(gauge, gauge.budget), answer.budget));
    return [...bodies, ["Not in the sum", beside]];
  }

  const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray"];
  STYLES.push("stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight", "text-anchor");

  // The drawing of a figure as a file of its own: on white, with its legend, with no style of the page and nothing that runs.
  function svgText(figure) {
    const from = figure.querySelector(".drawing");
    const [, , width, tall] = from.getAttribute("viewBox").split(" ").map(Number);
    const keys = [...figure.querySelectorAll(".keys button")];
    const legend = keys.map(({ firstChild, lastChild }, at) => {
      const name = text(36, 17, fit(lastChild.textContent, width - 36));
      return svg("g", { transform: `translate(0 ${tall + 8 + 30 * at})` }, firstChild.cloneNode(true), name);
    });
    const box = { x: -16, y: -16, width: width + 32, height: tall + 40 + 30 * keys.length };
    const named = [svg("title", null, figure.firstChild.textContent), svg("desc", null, from.getAttribute("aria-label"))];
    const ground = svg("rect", { ...box, class: "plate" });
    const made = svg("svg", { ...box, viewBox: Object.values(box).join(" ") }, named, ground, [...from.cloneNode(true).childNodes], legend);
    made.querySelector(".cursor")?.remove();
    const host = h("div", { class: "chart exported" }, made);
    document.body.append(host);
    for (const each of made.querySelectorAll("rect, line, path, circle, text")) {
      const style = getComputedStyle(each);
      const names = each.textContent ? STYLES : STYLES.slice(0, 5);
      for (const name of names) each.setAttribute(name, style[name].replaceAll('"', name === "fill" ? "" : "'"));
    }
    host.remove();
    for (const each of made.querySelectorAll("*")) for (const name of ["class", "data-part", "data-phase"]) each.removeAttribute(name);
    return new XMLSerializer().serializeToString(made).replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
  }

  const shared = { float, near, short, wide, fit, text, line, label, along, ticks, stripes, responsive, drawing, table, folded };
  return Object.freeze({ phases, svgText, ...shared });
})();
