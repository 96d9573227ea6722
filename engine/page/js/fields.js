// The controls: a field for each input, and a box with search for each kind of preset.
const Fields = (() => {
  const { h, tell } = Dom;
  const FEW = 5;

  const titleOf = (page, item) => item.title ?? page.name(item);

  // A state in words a person could type.
  function words(state, unit = "") {
    if (state === undefined || state === Plan.NOTHING || state instanceof Plan.Absent) return "";
    if (typeof state === "boolean") return state ? "yes" : "no";
    if (Array.isArray(state)) return `[${state.join(", ")}]`;
    return Exact.isNumber(state) ? short(state, unit) : state;
  }

  // A number as briefly as it can be typed: 80GiB, 8Ki, 1234.
  function short(value, unit) {
    if (unit === "byte" && typeof value === "number" && value >= 1e9 && value % 1e9 === 0 && value < 1e15) return `${value / 1e9}GB`;
    if (typeof value !== "number" || value < 1024 || value % 1024) return String(value);
    const steps = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
    let [rest, step] = [value, 0];
    for (; rest % 1024 === 0 && step < steps.length - 1; step += 1) rest /= 1024;
    return rest < 100000 ? `${rest}${steps[step]}${unit === "byte" ? "B" : ""}` : String(value);
  }

  // The numbers a slider steps through, four to a doubling (4, 5, 6, 7, 8, 10 …), between the bounds, drawn in where they are far out;
  // null where a slider does not help.
  function stops(item) {
    if (item.choices?.length || !["integer", "number"].includes(item.type)) return null;
    const bytes = item.unit === "byte";
    const low = Math.max(item.low === undefined ? 1 : Exact.float(item.low), bytes ? 2 ** 28 : 1);
    const high = Math.min(item.high === undefined ? 1e9 : Exact.float(item.high), bytes ? 2 ** 42 : 2 ** 24);
    if (high / low < 64) return null;
    const quarters = Array.from({ length: 180 }, (_, step) => (4 + (step % 4)) * 2 ** Math.floor(step / 4 - 2)).filter(
      (value) => value % 1 === 0,
    );
    const inside = [...new Set([low, ...quarters.filter((value) => value > low && value < high), high])];
    return item.low === 0 && !bytes ? [0, ...inside] : inside;
  }

  // The stop nearest to a value.
  function nearest(listed, value) {
    const beyond = listed.findIndex((stop) => stop >= value);
    if (beyond < 1) return beyond < 0 ? listed.length - 1 : 0;
    return value / listed[beyond - 1] < listed[beyond] / value ? beyond - 1 : beyond;
  }

  // Each maker gives the elements of a control and how it shows a state: show(state, given).

  function numberBox(page, item, id, roomy) {
    const name = page.name(item);
    const box = h("input", {
      id,
      type: "text",
      inputmode: item.type === "list" ? "text" : "decimal",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "200",
    });
    box.addEventListener("input", () => page.set(name, box.value));
    const listed = roomy ? stops(item) : null;
    const unit = item.unit && item.unit !== "byte" ? h("span", { class: "unit" }, item.unit) : null;
    if (!listed)
      return { parts: [h("span", { class: "boxed" }, box, unit)], focus: box, show: (state, text) => showBox(box, item, state, text) };
    const slider = h("input", { type: "range", min: 0, max: listed.length - 1, step: 1, "aria-label": `${titleOf(page, item)}, slider` });
    slider.addEventListener("input", () => page.set(name, short(listed[slider.value], item.unit)));
    const show = (state, text) => {
      showBox(box, item, state, text);
      if (Exact.isNumber(state)) {
        const step = nearest(listed, Exact.float(state));
        if (document.activeElement !== slider) slider.value = step;
        slider.setAttribute("aria-valuetext", Quantity.readable(state, item.unit));
      }
    };
    return { parts: [h("span", { class: "boxed" }, box, unit), slider], focus: box, show };
  }

  function showBox(box, item, state, text) {
    const [value, hint] = [text ?? "", text === undefined ? words(state, item.unit) : ""];
    if (box.value !== value && (document.activeElement !== box || text === undefined)) box.value = value;
    if (box.placeholder !== hint) box.placeholder = hint;
  }

  function radios(page, item, id, options) {
    const name = page.name(item);
    const inputs = options.map((option, number) => {
      const input = h("input", { type: "radio", name: id, id: number ? `${id}-${number}` : id, value: option });
      input.addEventListener("change", () => page.set(name, option));
      return input;
    });
    const said = (option) => (item.type === "boolean" ? (option === "true" ? "yes" : "no") : option);
    const labels = inputs.map((input, number) =>
      h("span", { class: "option" }, input, h("label", { for: input.id }, said(options[number]))),
    );
    const show = (state, text) => {
      const now = text ?? (typeof state === "boolean" ? String(state) : words(state));
      inputs.forEach((input) => {
        input.checked = input.value === now;
      });
    };
    return {
      parts: [
        h(
          "span",
          { class: "options", role: "radiogroup", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-hint ${id}-problem` },
          labels,
        ),
      ],
      show,
      group: true,
    };
  }

  function select(page, item, id, options) {
    const name = page.name(item);
    const assumed = h("option", { value: "" }, "");
    const box = h(
      "select",
      { id },
      assumed,
      options.map((option) => h("option", { value: option }, option)),
    );
    box.addEventListener("change", () => page.set(name, box.value));
    const show = (state, text) => {
      tell(assumed, text !== undefined ? "back to what is assumed" : words(state) ? `${words(state)} (assumed)` : "choose …");
      box.value = text ?? "";
    };
    return { parts: [box], focus: box, show };
  }

  function control(page, item, id, roomy) {
    if (item.type === "boolean") return radios(page, item, id, ["false", "true"]);
    let options = item.choices?.map(String);
    if (!options?.length && item.type === "integer" && item.high - item.low < FEW) {
      options = Array.from({ length: item.high - item.low + 1 }, (_, step) => String(item.low + step));
    }
    if (!options?.length) return numberBox(page, item, id, roomy);
    return (options.length <= FEW && options.join("").length < 34 ? radios : select)(page, item, id, options);
  }

  function bounds(item) {
    const said = [];
    if (item.low !== undefined && item.high !== undefined) said.push(`${words(item.low, item.unit)} to ${words(item.high, item.unit)}`);
    else if (item.low !== undefined) said.push(`at least ${words(item.low, item.unit)}`);
    return item.choices?.length || item.type === "boolean" ? "" : said.join("");
  }

  // The field of an input: its element, and how it shows an answer.
  function field(page, item, roomy) {
    const name = page.name(item);
    const id = `in-${name}`;
    const made = control(page, item, id, roomy);
    const origin = h("span", { class: "origin" });
    const reset = h(
      "button",
      { type: "button", class: "reset", "aria-label": `${titleOf(page, item)}: back to what is assumed`, title: "Back to what is assumed" },
      "↺",
    );
    reset.addEventListener("click", () => {
      page.set(name, "");
      element.querySelector(".control input, .control select").focus();
    });
    const unitWord = item.unit === "byte" ? " Write 24GiB or 24GB." : "";
    const hint = h(
      "p",
      { class: "hint", id: `${id}-hint` },
      [item.doc, bounds(item) && `${bounds(item)}.`].filter(Boolean).join(" ") + unitWord,
      " ",
      h("code", {}, name),
    );
    const problem = h("p", { class: "problem", id: `${id}-problem`, hidden: true });
    const why = h("p", { class: "why", hidden: true });
    const heading = made.group
      ? h("span", { class: "title", id: `${id}-title` }, titleOf(page, item))
      : h("label", { class: "title", id: `${id}-title`, for: id }, titleOf(page, item));
    const element = h(
      "div",
      { class: "field" },
      h("div", { class: "head" }, heading, origin, reset),
      h("div", { class: "control" }, made.parts),
      problem,
      why,
      hint,
    );
    made.focus?.setAttribute("aria-describedby", `${id}-hint ${id}-problem`);

    function update(view) {
      const text = view.asked.set[name];
      const state = view.answer.values.state(item.id);
      const known = view.answer.given.get(item.id);
      made.show(state, text);
      reset.hidden = text === undefined;
      tell(
        origin,
        text !== undefined ? "" : known ? known.where : state instanceof Plan.Absent || state === undefined ? "needed" : "assumed",
      );
      element.classList.toggle("given", text !== undefined);
      const trouble = view.problems.get(name);
      tell(problem, trouble ?? "");
      problem.hidden = !trouble;
      made.focus?.setAttribute("aria-invalid", trouble ? "true" : "false");
      const idle = !view.used.has(item.id) && !trouble;
      element.classList.toggle("idle", idle && text === undefined);
      why.hidden = !idle;
      if (idle && !why.textContent) tell(why, "Makes no difference here");
      return idle && text === undefined;
    }
    // Why it makes no difference, told after the paint: it takes trying.
    const explain = () => why.hidden || tell(why, page.why(item));
    return { element, update, explain, text: `${name} ${titleOf(page, item)} ${item.doc ?? ""}`.toLowerCase() };
  }

  // A box with a list that typing narrows (the combobox pattern of ARIA).
  function combobox(page, kind) {
    const id = `in-${kind.name}`;
    const box = h("input", {
      id,
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "200",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": `${id}-list`,
    });
    const list = h("ul", { id: `${id}-list`, class: "list", role: "listbox", "aria-label": kind.title ?? kind.name, hidden: true });
    const options = kind.entries.map((entry, number) => {
      const title = entry.title && entry.title !== entry.name ? h("span", { class: "quiet" }, entry.title) : null;
      const option = h("li", { role: "option", id: `${id}-${number}`, "aria-selected": "false" }, h("span", {}, entry.name), title);
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        pick(entry.name);
      });
      return { entry, option, text: `${entry.name} ${entry.title ?? ""}`.toLowerCase().replace(/[^a-z0-9]/g, "") };
    });
    const more = h("li", { class: "quiet", role: "presentation" });
    list.append(...options.map(({ option }) => option), more);
    let shown = options;
    let active = -1;

    function open(all) {
      const sought = all
        ? []
        : box.value
            .toLowerCase()
            .split(/[^a-z0-9]+/)
            .filter(Boolean);
      shown = options.filter(({ option, text }) => {
        option.hidden = !sought.every((word) => text.includes(word));
        return !option.hidden;
      });
      const others = kind.more ? `${kind.more} more with --all-presets` : "";
      tell(more, [shown.length ? "" : "Nothing found", others].filter(Boolean).join("; "));
      more.hidden = !more.textContent;
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      move(all ? shown.findIndex(({ entry }) => entry.name === box.value) : shown.length && sought.length ? 0 : -1);
    }
    function close() {
      list.hidden = true;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    }
    function move(to) {
      active = to;
      options.forEach(({ option }) => option.setAttribute("aria-selected", "false"));
      const found = shown[to]?.option;
      if (!found) return box.removeAttribute("aria-activedescendant");
      found.setAttribute("aria-selected", "true");
      box.setAttribute("aria-activedescendant", found.id);
      return found.scrollIntoView({ block: "nearest" });
    }
    function pick(name) {
      box.value = name;
      close();
      page.preset(kind.name, name);
    }
    const keys = {
      ArrowDown: () => (list.hidden ? open(true) : move(Math.min(active + 1, shown.length - 1))),
      ArrowUp: () => (list.hidden ? open(true) : move(Math.max(active - 1, 0))),
      Enter: () => !list.hidden && shown[active] && pick(shown[active].entry.name),
      Escape: close,
    };
    box.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    box.addEventListener("input", () => {
      open(false);
      const exact = options.find(({ entry }) => entry.name === box.value.trim());
      if (exact || box.value.trim() === "") page.preset(kind.name, box.value.trim());
    });
    box.addEventListener("click", () => (list.hidden ? open(true) : close()));
    box.addEventListener("blur", () => {
      close();
      box.value = page.presetName(kind.name);
    });
    return { box, list };
  }

  // The field of a preset kind.
  function preset(page, kind) {
    const { box, list } = combobox(page, kind);
    const title = kind.title || kind.name;
    const problem = h("p", { class: "problem", hidden: true, id: `${box.id}-problem` });
    const clear = h("button", { type: "button", class: "reset", "aria-label": `${title}: none`, title: "None" }, "×");
    clear.addEventListener("click", () => page.preset(kind.name, ""));
    const file = kind.readers ? h("button", { type: "button", class: "link" }, "use a .json file") : null;
    file?.addEventListener("click", () => page.askFile(kind));
    box.setAttribute("aria-describedby", problem.id);
    const element = h(
      "div",
      { class: "field preset" },
      h("div", { class: "head" }, h("label", { class: "title", for: box.id }, title), file, clear),
      h("div", { class: "control combo" }, box, list),
      problem,
    );
    function update(view) {
      if (document.activeElement !== box) box.value = page.presetName(kind.name);
      clear.hidden = !page.presetName(kind.name);
      box.placeholder = `search ${kind.entries.length}`;
      const trouble = view.problems.get(kind.name);
      tell(problem, trouble ?? "");
      problem.hidden = !trouble;
      box.setAttribute("aria-invalid", trouble ? "true" : "false");
    }
    return { element, update };
  }

  return Object.freeze({ field, preset, words });
})();
