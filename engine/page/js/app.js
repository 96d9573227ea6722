// The page: one state, one update. What must be seen at once is painted at once, the rest after it.
const App = (() => {
  const { h } = Dom;

  class Page {
    constructor(gauge) {
      this.gauge = gauge;
      this.asked = State.fromFragment(gauge, location.hash) ?? { set: { ...gauge.content.report.start }, files: {} };
      this.pins = [];
      this.fields = [];
      this.opened = gauge.total === undefined ? [] : [gauge.total];
      this.later = 0;
      const { report } = gauge.content;
      this.unknown = report.inputs.find((name) => gauge.program.item(name)?.type === "integer");
      this.roots = [gauge.total, gauge.budget, ...gauge.parts, ...gauge.beside.flatMap(({ low, high }) => [low, high])].filter(
        (id) => id !== undefined,
      );
      if (!this.roots.length) this.roots = gauge.program.items.filter((item) => !item.input).map((item) => item.id);
    }

    name(item) {
      return this.gauge.program.name(item.id);
    }
    presetName(kind) {
      return this.asked.files[kind]?.name ?? this.asked.set[kind] ?? "";
    }

    // Changes of what is asked. An empty text takes a value back.
    set(name, text) {
      this.setAll({ [name]: text });
    }
    setAll(texts) {
      const set = { ...this.asked.set };
      for (const [name, text] of Object.entries(texts)) {
        if (String(text).trim() === "") delete set[name];
        else set[name] = String(text);
      }
      this.become({ ...this.asked, set });
    }
    preset(kind, name) {
      const files = { ...this.asked.files };
      delete files[kind];
      this.asked = { ...this.asked, files };
      this.set(kind, name);
    }
    choose(name, text) {
      if (this.gauge.kinds.has(name)) this.preset(name, text);
      else this.set(name, text);
    }
    file(kind, name, config) {
      const set = { ...this.asked.set };
      delete set[kind];
      this.become({ set, files: { ...this.asked.files, [kind]: { name, config } } });
    }
    become(asked) {
      this.asked = asked;
      this.update();
    }
    pin() {
      const presets = [...this.gauge.kinds.keys()].map((kind) => this.presetName(kind)).filter(Boolean);
      this.pins.push({ label: `${this.pins.length + 1}. ${presets.join(" · ") || "configuration"}`, asked: this.asked });
      this.refresh();
    }
    unpin(at) {
      this.pins.splice(at, 1);
      this.refresh();
    }

    // Computes, and paints what is seen at once; the rest follows.
    update() {
      const begun = performance.now();
      const answer = this.gauge.answer(this.asked);
      const problems = new Map();
      for (const { name, message } of answer.problems) if (name) problems.set(name, message);
      this.view = { asked: this.asked, answer, problems, used: this.gauge.used(answer.values, this.roots) };
      if (!answer.problems.length || !this.good) this.good = this.view; // what is below the verdict stays while a value is being typed
      for (const section of this.now) section.update(this.view);
      performance.measure("repaint", { start: begun });
      this.refresh();
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.tell(), 500);
    }

    // What may wait: one part after another, and only while nothing newer was asked.
    refresh() {
      const turn = (this.later += 1);
      const queue = [...this.then];
      let work = null; // a part that takes long goes on in slices
      const next = () => {
        if (turn !== this.later || !(work || queue.length)) return;
        setTimeout(next); // also when a part fails: the others go on
        const begun = work ?? queue.shift().update(this.good) ?? null;
        work = null;
        const until = performance.now() + 8;
        for (let going = begun; going && performance.now() < until; work = going) if (going.next().done) going = null;
      };
      setTimeout(next, 30);
    }

    tell() {
      if (this.gauge.total !== undefined) this.live.textContent = Answer.sentence(this.gauge, this.view.answer);
      this.printed.textContent = State.yaml(this.asked).trim().replaceAll("\n", " · ");
      const fragment = `#${State.toFragment(this.asked)}`;
      if (fragment !== location.hash) history.replaceState(null, "", fragment);
    }

    // Why an input makes no difference here: the rules above it that do not apply say what for, and one of these is told that, tried, holds.
    why(item) {
      const { gauge } = this;
      const { program } = gauge;
      const { values, given } = this.good.answer;
      let [level, seen, tried] = [[item.id], program.descendants([]), new Map()];
      for (let depth = 0; depth < 5 && level.length; depth += 1) {
        level = [...new Set(level.flatMap((id) => program.users.get(id) ?? []))].filter((id) => !seen.has(id) && seen.add(id));
        for (const rule of level.map((id) => program.byId.get(id))) {
          if (rule.when === undefined || values.state(rule.id) !== Plan.NOTHING) continue;
          const tree = program.tree(rule.when);
          const parts = tree.kind === "logic" && tree.operator === "and" ? tree.operands : [tree];
          for (const part of parts) if (Trees.holds(values, part) === false) tried.set(Trees.text(part), part);
        }
      }
      for (const [text, part] of [...tried].slice(0, 6)) {
        const [id, value] = Trees.remedy(part) ?? [];
        if (!program.byId.get(id)?.input) continue;
        const other = Plan.evaluate(program, new Map(given).set(id, { value, origin: "given" }));
        if (gauge.used(other, this.roots).has(item.id)) return `Counts only when ${text}`;
      }
      return "Makes no difference here";
    }
  }

  // The controls: presets, the inputs asked first, the others by group.
  function controls(page) {
    const { gauge } = page;
    const { report, groups } = gauge.content;
    const inputs = gauge.program.items.filter((item) => item.input);
    const reached = gauge.program.ancestors(page.roots);
    const first = report.inputs.length
      ? report.inputs.map((name) => gauge.program.item(name)).filter((item) => item?.input)
      : inputs.filter(({ id }) => reached.has(id));
    const place = (kind) => (report.inputs.includes(kind.name) ? report.inputs.indexOf(kind.name) : -1);
    const presets = [...gauge.kinds.values()].sort((a, b) => place(a) - place(b)).map((kind) => Fields.preset(page, kind));
    const main = first.map((item) => Fields.field(page, item, true));
    const rest = inputs.filter((item) => !first.includes(item));
    const known = new Set(groups.map(([name]) => name));
    const blocks = [...groups, ["", "Other inputs"]].map(([name, title]) =>
      group(
        page,
        title,
        rest.filter((item) => (known.has(item.group) ? item.group === name : name === "")),
      ),
    );
    const shown = blocks.filter(Boolean);
    const sought = h("input", {
      type: "search",
      placeholder: `search ${rest.length} further inputs`,
      "aria-label": "Search further inputs",
      maxlength: "60",
    });
    sought.addEventListener("input", () => shown.forEach((block) => block.search(sought.value.trim().toLowerCase(), page.view)));
    const element = h(
      "form",
      { class: "controls", "aria-label": "Inputs", onsubmit: (event) => event.preventDefault() },
      h(
        "div",
        { class: "card" },
        presets.map((each) => each.element),
        main.map((each) => each.element),
      ),
      rest.length
        ? h(
            "div",
            { class: "card more" },
            sought,
            shown.map((block) => block.element),
          )
        : null,
    );
    const all = [...presets, ...main, ...shown];
    // The reasons, a field a slice.
    function* explain() {
      for (const each of [...main, ...shown.flatMap((block) => block.seen())]) yield each.explain();
    }
    return { element, update: (view) => all.forEach((each) => each.update(view)), reasons: { update: explain } };
  }

  // A folded group: its fields are made when it is first opened.
  function group(page, title, items) {
    if (!items.length) return null;
    let fields = null;
    const count = h("span", { class: "quiet" });
    const idle = h("p", { class: "quiet" });
    const inside = h("div", {});
    const element = h("details", {}, h("summary", {}, title, " ", count), inside, idle);
    let words = "";
    function make(view) {
      if (fields) return;
      fields = items.map((item) => Fields.field(page, item, false));
      inside.append(...fields.map((each) => each.element));
      update(view);
    }
    function update(view) {
      const given = items.filter((item) => view.asked.set[page.name(item)] !== undefined).length;
      const matter = items.filter((item) => view.used.has(item.id)).length;
      Dom.tell(count, `${matter} of ${items.length} matter here${given ? `, ${given} given` : ""}`);
      if (!fields || !element.open) return;
      let hidden = 0;
      for (const field of fields) {
        const still = field.update(view);
        field.element.hidden = words ? !field.text.includes(words) : still;
        hidden += field.element.hidden ? 1 : 0;
      }
      idle.textContent = hidden && !words ? `Hidden, since they make no difference here: ${hidden}. The search finds them.` : "";
    }
    function search(text, view) {
      words = text;
      if (text) {
        const found = items.some((item) => `${page.name(item)} ${item.title ?? ""}`.toLowerCase().includes(text));
        element.hidden = !found;
        element.open = found;
        if (found) make(view);
      } else element.hidden = false;
      update(view);
    }
    element.addEventListener("toggle", () => {
      if (!element.open) return;
      make(page.view);
      update(page.view);
    });
    return { element, update, search, seen: () => (element.open && fields ? fields.filter((each) => !each.element.hidden) : []) };
  }

  // The answer at the top, the bars, the table, and why.
  function results(page) {
    const { gauge } = page;
    const top = h("section", { class: "card answer", "aria-label": "The answer" });
    const about = h("section", { class: "card about", "aria-label": "About the answer" });
    const bars = h("div", {});
    const parts = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "All parts" });
    const inside = h("div", {});
    const trail = h("p", { class: "trail row" });
    const why = h("section", { class: "card why-panel", "aria-label": "Why" }, trail, inside);
    let peeked = null;
    // A name that is picked is shown until another is; picked inside, it is one step further down.
    function show(id, further = false) {
      const seen = page.opened.indexOf(id);
      page.opened = seen >= 0 ? page.opened.slice(0, seen + 1) : further ? [...page.opened, id] : [id];
      peeked = null;
      paint();
      if (further) trail.querySelector("[aria-current]").focus();
      else why.scrollIntoView({ block: "nearest" });
    }
    // What is pointed at or focused in the table is shown while it is.
    const peek = (event) => {
      const id = event.target.closest?.("tr")?.dataset.id;
      if (id !== undefined && Number(id) !== peeked) {
        peeked = Number(id);
        paint();
      }
    };
    const leave = () => {
      if (peeked === null) return;
      peeked = null;
      paint();
    };
    for (const [kind, work] of Object.entries({ pointerover: peek, focusin: peek, pointerleave: leave, focusout: leave }))
      parts.addEventListener(kind, work);
    function paint() {
      const steps = peeked === null ? page.opened : [peeked];
      why.hidden = !steps.length;
      if (why.hidden) return;
      const links = steps.map((id, at) =>
        h(
          "button",
          { type: "button", class: "link", "aria-current": at === steps.length - 1 ? "true" : undefined, onclick: () => show(id) },
          Answer.titleOf(gauge, id),
        ),
      );
      trail.replaceChildren("Why? ", ...links.flatMap((link, at) => (at ? [" › ", link] : [link])));
      inside.replaceChildren(...Answer.why(gauge, page.good.answer, steps.at(-1), (id) => show(id, true)).filter(Boolean));
    }
    function update({ answer }) {
      top.replaceChildren(...Answer.head(gauge, answer));
      top.hidden = !top.firstChild;
      about.replaceChildren(...Answer.more(gauge, answer));
      about.hidden = !about.firstChild;
      if (page.good !== page.view) return;
      const known = answer.total !== undefined;
      bars.replaceChildren(...(known ? [Charts.phases(gauge, answer, { onpick: show })] : []));
      Dom.swap(
        parts,
        ...(known ? Answer.table(gauge, answer, show) : gauge.total === undefined ? [Answer.plainTable(gauge, answer, show)] : []),
      );
      breakdown.hidden = !parts.firstChild;
    }
    const breakdown = h("section", { class: "card", "aria-label": "Parts" }, bars, parts);
    return { top, about, elements: [breakdown, why], update, bars, explanation: { update: paint } };
  }

  // Everything that leaves the page.
  function sharing(page, bars) {
    const said = h("span", { class: "quiet", role: "status" });
    const copy = (label, text) =>
      h(
        "button",
        {
          type: "button",
          onclick: () =>
            navigator.clipboard.writeText(text()).then(
              () => (said.textContent = `${label} copied`),
              () => (said.textContent = "The browser did not allow to copy"),
            ),
        },
        label,
      );
    const { gauge } = page;
    const link = () => `${location.href.split("#")[0]}#${State.toFragment(page.asked)}`;
    const picture = h(
      "button",
      {
        type: "button",
        onclick: () =>
          bars.querySelector("figure") &&
          Dom.download(
            `${gauge.content.title.toLowerCase().replace(/[^a-z0-9]+/g, "-") || "chart"}.svg`,
            Charts.svgText(bars.querySelector("figure")),
            "image/svg+xml",
          ),
      },
      "Chart as SVG",
    );
    const panel = Tools.panel(
      "Take it with you",
      h(
        "p",
        { class: "row" },
        copy("Link", link),
        copy("inputs.yaml", () => State.yaml(page.asked)),
        copy("Command", () => State.command(gauge, page.asked)),
        copy("JSON", () => JSON.stringify(State.object(gauge, page.view.answer), null, 2)),
        gauge.total === undefined ? null : picture,
        said,
      ),
    );
    panel.classList.add("sharing");
    return panel;
  }

  // Bringing a foreign file: dropped, picked or pasted.
  function bringing(page) {
    let kind = [...page.gauge.kinds.values()].find((each) => each.readers);
    const text = h("textarea", { rows: 10, spellcheck: "false", "aria-label": "Text of the file", placeholder: "{ … }" });
    const pick = h("input", { type: "file", accept: ".json,application/json", "aria-label": "A file" });
    const problem = h("p", { class: "problem", role: "alert" });
    const dialog = h(
      "dialog",
      { "aria-label": "Use a file" },
      h("h2", {}, "Use a .json file"),
      h("p", {}, "Pick it, paste it, or drop it anywhere on the page. It stays in your browser."),
      pick,
      text,
      problem,
      h(
        "p",
        { class: "row" },
        h("button", { type: "button", onclick: () => take("pasted.json", text.value) }, "Use it"),
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      ),
    );
    function take(name, content) {
      try {
        const config = Presets.fromJson(content);
        dialog.close();
        page.file(kind.name, name, config);
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof Convert.Refused)) throw error;
        problem.textContent = `This is not JSON that can be read: ${error.message}`;
        if (!dialog.open) dialog.showModal();
      }
    }
    const read = (file) =>
      file.size > 2e6 ? (problem.textContent = "The file is larger than 2 MB") : file.text().then((content) => take(file.name, content));
    pick.addEventListener("change", () => pick.files[0] && read(pick.files[0]));
    page.askFile = (asked) => {
      kind = asked;
      problem.textContent = "";
      dialog.showModal();
    };
    if (kind) {
      document.addEventListener("dragover", (event) => event.preventDefault());
      document.addEventListener("drop", (event) => {
        event.preventDefault();
        if (event.dataTransfer.files[0]) read(event.dataTransfer.files[0]);
      });
    }
    return dialog;
  }

  function theme() {
    const names = ["auto", "light", "dark"];
    let at = 0;
    const button = h("button", { type: "button", class: "theme" }, "Theme: auto");
    button.addEventListener("click", () => {
      at = (at + 1) % 3;
      document.documentElement.dataset.theme = names[at];
      button.textContent = `Theme: ${names[at]}`;
    });
    return button;
  }

  function start(data) {
    const gauge = new Gauge(data, FORMULAS);
    const page = new Page(gauge);
    page.printed = h("p", { class: "printed" });
    page.live = h("p", { class: "unseen", "aria-live": "polite" });
    const inputs = controls(page);
    const answer = results(page);
    page.now = [inputs, answer];
    page.then = [answer.explanation, inputs.reasons];
    if (gauge.total !== undefined) page.then.push(Tools.levers(page), Tools.inverse(page), Tools.curve(page), Tools.compare(page));
    const title = data.title || "Rules";
    document.body.replaceChildren(
      h("header", {}, h("div", {}, h("h1", {}, title), data.doc ? h("p", { class: "quiet" }, data.doc) : null, page.printed), theme()),
      h(
        "main",
        {},
        answer.top,
        answer.about,
        inputs.element,
        h(
          "div",
          { class: "results" },
          answer.elements,
          page.then.map((each) => each.element),
          sharing(page, answer.bars),
        ),
      ),
      page.live,
      bringing(page),
      h("footer", { class: "quiet" }, "Computed in your browser, exactly; nothing is sent anywhere."),
    );
    page.update();
    window.addEventListener("hashchange", () => {
      const asked = State.fromFragment(gauge, location.hash);
      if (asked) page.become(asked);
    });
    // For whoever opens the console, or embeds the page: the same questions, without the face.
    gauge.solve = (asked, unknown, question = {}) => Solve.solve(gauge, gauge.given(asked).made, unknown, question);
    gauge.advise = (asked) => {
      const work = Advise.advise(gauge, gauge.given(asked).made);
      let step = work.next();
      while (!step.done) step = work.next();
      return step.value;
    };
    window.gauge = gauge;
    window.gaugePage = page;
  }

  return Object.freeze({ start });
})();
