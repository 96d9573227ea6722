// Configurations side by side: what differs between them, and what that makes of the total.
const Compare = (() => {
  const { h } = Dom;
  const { readable, grouped } = Quantity;

  // What a pin has under a name: of an input its value, of a kind of presets what was picked.
  function valueOf(gauge, { asked, answer: { values, given } }, name) {
    const item = gauge.program.item(name);
    if (!item) return asked.files?.[name]?.name ?? asked.set[name] ?? "–";
    return Answer.stateText(values.state(item.id), item.unit) + (given.has(item.id) || !values.has(item.id) ? "" : " (assumed)");
  }

  // Sizes side by side: exact, and by how much each differs from the first.
  const sizes = (name, values, unit) => [
    name,
    ...values.map((value) => {
      if (value === undefined) return "–";
      const change = values[0] === undefined ? 0 : Exact.subtract(value, values[0]);
      const signed = (Exact.compare(change, 0) > 0 ? "+" : "") + readable(change, unit).replace("-", "−");
      return [readable(value, unit), h("small", { class: "quiet" }, grouped(value)), change !== 0 && h("b", null, signed)];
    }),
  ];

  // pins: [{ label, asked, onremove }], `asked` as `gauge.answer` takes it; `onremove` where a pin can be taken away.
  function table(gauge, pins) {
    if (!pins.length) return h("p", { class: "quiet" }, "Nothing is pinned yet: pin this configuration, change something, and see both.");
    const tried = pins.map((pin) => ({ ...pin, answer: gauge.answer(pin.asked) }));
    const all = (of) => tried.map(({ answer }) => of(answer));
    const names = [...new Set(tried.flatMap(({ asked }) => Object.keys({ ...asked.files, ...asked.set })))];
    const titled = (name) => gauge.program.item(name)?.title ?? (gauge.kinds.get(name)?.title || name);
    const given = names.map((name) => [titled(name), ...tried.map((each) => valueOf(gauge, each, name))]);
    const bodies = [["What differs", given.filter(([, ...cells]) => new Set(cells).size > 1)]];
    if (gauge.total !== undefined) {
      const unit = Answer.unitOf(gauge);
      const title = (id) => Answer.titleOf(gauge, id);
      const keyOf = ({ id, label }) => id ?? label;
      const terms = all(({ breakdown }) => breakdown?.terms.filter(({ value }) => value !== 0));
      const parts = new Map(
        terms
          .flat()
          .filter(Boolean)
          .map((term) => [keyOf(term), term.label]),
      );
      const sum = (key) => (some) => some?.filter((term) => keyOf(term) === key).reduce((total, { value }) => Exact.add(total, value), 0);
      const peak = all(({ phases }) => (phases ? title(phases.find((phase) => phase.peak).id) : "–"));
      const total = [
        sizes(
          title(gauge.total),
          all((answer) => answer.total),
          unit,
        ),
        ["Peak", ...peak],
      ];
      if (gauge.budget !== undefined)
        total.push(
          sizes(
            title(gauge.budget),
            all(({ budget }) => budget),
            unit,
          ),
        );
      total.push(["Verdict", ...all((answer) => answer.problems[0]?.message ?? Answer.sentence(gauge, answer))]);
      bodies.push(["Parts", [...parts].map(([key, label]) => sizes(label, terms.map(sum(key)), unit))], ["Together", total]);
    }
    const remove = (label, onclick) => h("button", { type: "button", "aria-label": `Remove ${label}`, onclick }, "Remove");
    const heads = tried.map(({ label, onremove }) => [label, onremove && remove(label, onremove)]);
    return Charts.table("compare", ["Pinned", ...heads], bodies);
  }

  return Object.freeze({ table });
})();
