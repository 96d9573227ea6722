// The total over one input: exact values, more of them where it bends or jumps.
const Curve = (() => {
  const { h, svg } = Dom;
  const { readable, grouped } = Quantity;
  const { line, text, label, wide, short, float, near } = Charts;

  // What part of the bounds is worth a look: around the present value and the crossing; logarithmic where that spans much.
  function scaleOf({ type, unit, low, high, choices }, marks, crossing) {
    const least = Math.min(...marks);
    const most = Math.max(...marks);
    const far = choices ? most : Math.max(1.3 * most, crossing === undefined ? 4 * most : 2 * float(crossing));
    const log = least > 0 && far > 100 * least;
    const whole = type === "integer" ? Math.round : (value) => value;
    const from = whole(Math.max(low === undefined ? -Infinity : float(low), log ? least / 4 : Math.min(0, 2 * least)));
    const to = whole(Math.min(high === undefined ? Infinity : float(high), choices ? far : Math.max(far, from + 8)));
    const [start, end] = log ? [Math.log(from), Math.log(to)] : [from, to];
    const at = (place) => near(whole(log ? Math.exp(start + place * (end - start)) : start + place * (end - start)));
    const part = (value) => ((log ? Math.log(value) : value) - start) / (end - start || 1);
    const [base, steps] = unit === "byte" ? [16, [1, 4]] : [10, [1, 2, 5]];
    let ticks = Charts.ticks(Math.max(Math.abs(from), to), unit, 8);
    if (log) ticks = Array.from({ length: 40 }, (_, power) => steps.map((step) => step * base ** (power - 10))).flat();
    ticks = ticks.filter((tick) => tick > from && tick < to && tick === whole(tick));
    return { log, part, at, ticks: [from, ...ticks, to].map(near) };
  }

  // One value at a step. A gap is halved while its middle lies off the line between its ends, or one of them has no value.
  function* sampled(scale, marks, probe) {
    const points = new Map();
    let top = 0;
    const take = (x, mark) => {
      if (!points.has(`${x}`)) points.set(`${x}`, { x, part: scale.part(float(x)), ...probe(x) });
      const point = points.get(`${x}`);
      if (mark) point[mark] = true;
      top = Math.max(top, point.y ?? 0);
      return point;
    };
    const halve = function* halve(a, b, depth) {
      const middle = take(scale.at((a.part + b.part) / 2));
      yield;
      const between = () => a.y + ((b.y - a.y) * (middle.part - a.part)) / (b.part - a.part);
      const straight = () => (a.y === middle.y && b.y === middle.y) || Math.abs(middle.y - between()) < top / 500;
      if (middle === a || middle === b || depth > 9 || points.size > 400 || (depth > 5 && straight())) return;
      yield* halve(a, middle, depth + 1);
      yield* halve(middle, b, depth + 1);
    };
    for (const [x, mark] of marks) yield take(x, mark);
    yield* halve(take(scale.at(0)), take(scale.at(1)), 0);
    return [...points.values()].filter(({ part }) => part >= 0 && part < 1.001).sort((a, b) => a.part - b.part);
  }

  // Computes one value at a step, and gives the figure at the end.
  // `crossing`: where the total meets the budget. `onpoint`: takes the value that is picked.
  function* draw(gauge, answer, id, { onpoint, crossing: met } = {}) {
    const crossing = Exact.isNumber(met) ? met : undefined;
    const item = gauge.program.byId.get(id);
    const marks = [
      [answer.values.state(id), "present"],
      [crossing, "crossing"],
    ].filter(([x]) => Exact.isNumber(x));
    const known = [...marks.map(([x]) => x), ...(item.choices ?? [])];
    const scale = scaleOf(item, (known.length ? known : [item.low || 1]).map(float), crossing);
    for (const tick of item.choices ?? scale.ticks) marks.push([tick, "tick"]);
    const unit = Answer.unitOf(gauge);
    const [title, along, limit] = [gauge.total, id, gauge.budget ?? gauge.total].map((each) => Answer.titleOf(gauge, each));
    const states = Plan.changing(answer.values, [id], [gauge.total, gauge.budget ?? gauge.total]);
    const probe = (x) => {
      const [total, budget] = Convert.unfit(item, x) ? [] : states(x).map((state) => (Exact.isNumber(state) ? state : undefined));
      const limited = gauge.budget !== undefined && budget !== undefined;
      return { total, y: total && float(total), ...(limited && { budget, limit: float(budget) }) };
    };
    const name = (x) => (item.unit === "byte" ? Fields.words(x, "byte") : grouped(x));
    const view = { item, scale, unit, name, title: `${title} over ${along}`, along, limit, onpoint };
    view.said = (point) => {
      const value = point.total === undefined ? "no value" : Answer.stateText(point.total, unit);
      return `${along} ${name(point.x)}: ${[value, told(point, unit)].filter(Boolean).join(", ")}`;
    };
    const points = yield* sampled(scale, marks, probe);
    return figure({ ...view, points, held: points.filter(({ total }) => total !== undefined) });
  }

  // Whether a point fits, in words.
  function told({ total, budget }, unit) {
    if (total === undefined || budget === undefined) return "";
    const rest = readable(Exact.magnitude(Exact.subtract(budget, total)), unit);
    return Exact.compare(budget, total) < 0 ? `${rest} too much` : `${rest} left`;
  }

  function figure(view) {
    const { points, unit, along, name, said, title, onpoint } = view;
    let now;
    const value = h("span");
    const use = h("button", { type: "button", onclick: () => onpoint(now.x) });
    const handle = h("input", { type: "range", min: 0, max: 1, step: 1 / 64, "aria-label": title });
    const read = (point) => {
      now = point;
      value.textContent = `${said(point)} `;
      handle.setAttribute("aria-valuetext", said(point));
      use.textContent = `Use ${name(point.x)}`;
      use.hidden = !onpoint || point.present === true;
      view.move?.(point);
    };
    const to = (part) => read(points.reduce((best, point) => (Math.abs(point.part - part) < Math.abs(best.part - part) ? point : best)));
    const stay = () => to(Number(handle.value));
    handle.addEventListener("input", stay);
    handle.addEventListener("pointerleave", stay);
    handle.addEventListener("pointermove", ({ offsetX }) => to((offsetX - 8) / (handle.clientWidth - 16)));
    const start = points.find(({ present }) => present) ?? points[0];
    handle.value = start.part;
    read(start);
    const plot = Charts.responsive((width) => {
      const drawn = drawing(view, width, handle.style);
      view.move(now);
      return drawn;
    });
    const marked = points.filter(({ tick, present, crossing }) => tick || present || crossing);
    const rows = marked.map((point) => [
      name(point.x) + (point.present ? " (now)" : "") + (point.crossing ? " (crossing)" : ""),
      ...(point.total === undefined ? ["no value", ""] : [readable(point.total, unit), grouped(point.total)]),
      told(point, unit),
    ]);
    const reading = h("p", { class: "reading quiet" }, value, use);
    const listed = Charts.folded("As a table", title, [along, "Size", "Exactly", "Verdict"], [["", rows]]);
    return h("figure", { class: "chart" }, h("figcaption", null, title), h("div", { class: "plot" }, plot, handle), reading, listed);
  }

  function drawing(view, width, handle) {
    const { points, held, unit, item, scale, name, said, title, along, limit } = view;
    const top = Math.max(...held.flatMap(({ y, limit: most }) => [y, most ?? 0])) * 1.05 || 1;
    const across = Charts.ticks(top, unit, 5);
    const left = Math.max(...across.map((tick) => wide(short(tick, unit)))) + 8;
    const [right, above, below] = [width - 10, 66, 250];
    Object.assign(handle, { left: `${left - 8}px`, width: `${right - left + 16}px` });
    const px = (part) => left + part * (right - left);
    const py = (value = 0) => below - (value / top) * (below - above);
    const children = across.map((tick) => line(left, py(tick), right, py(tick), "grid"));
    children.push(...across.map((tick) => text(left - 8, py(tick) + 4, short(tick, unit), "end quiet")));
    const limits = held.filter(({ budget }) => budget !== undefined);
    if (limits.length) {
      const [fill, pattern] = Charts.stripes("hatch");
      const d = `M${limits.map((point) => `${px(point.part)} ${py(point.limit)}`).join("L")}`;
      const [first, last] = [limits[0], limits.at(-1)];
      const said = first.limit === last.limit ? `${limit} ${readable(first.budget, unit)}` : limit;
      children.push(pattern, svg("path", { class: "beyond", fill, d: `${d}V${above}H${px(first.part)}Z` }));
      children.push(svg("path", { class: "budget", d }), line(0, 10, 24, 10, "budget"), text(30, 14, Charts.fit(said, width - 30)));
    }
    // A line through what has a value; a point alone is seen too.
    const step = ({ part, y }, at) => (points[at - 1]?.y === undefined ? `M${px(part)} ${py(y)}h.01` : `L${px(part)} ${py(y)}`);
    children.push(svg("path", { class: "curve", d: points.map((point, at) => (point.y === undefined ? "" : step(point, at))).join("") }));
    const circle = (kind, { part, y }, r) => svg("circle", { class: kind, cx: px(part), cy: py(y), r });
    if (item.type === "integer" && held.length * 12 < right - left) children.push(...held.map((point) => circle("now", point, 2.5)));
    const mark = (kind, words, y) => (point) => {
      const x = px(point.part);
      children.push(line(x, y + 5, x, below, "limit"), circle(kind, point, 5), label(x, y, `${words} ${name(point.x)}`, width, "strong"));
      return point;
    };
    const marked = points.filter(({ present }) => present).map(mark("now", "now", 36));
    const words = held[0]?.y <= held[0]?.limit ? "fits up to" : "fits from";
    const met = points.filter(({ crossing }) => crossing).map(mark("crossing", words, 56));
    const dot = svg("circle", { r: 8, class: "cursor" });
    view.move = ({ part, y }) => {
      dot.setAttribute("cx", px(part));
      dot.setAttribute("cy", py(y));
    };
    const spoken = `${title}. ${[...new Set([...marked, ...met, ...held.slice(0, 1), ...held.slice(-1)])].map(said).join(". ")}.`;
    children.push(...Charts.along(scale.ticks, (tick) => px(scale.part(float(tick))), item.unit, below + 18, width));
    const named = label((left + right) / 2, below + 38, along + (scale.log ? ", logarithmic" : ""), width);
    return Charts.drawing(width, below + 44, spoken, children, dot, named);
  }

  return Object.freeze({ draw });
})();
