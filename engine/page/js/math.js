// Trees as MathML, as engine/emit/mathml.py writes them: what is long becomes a table of lines by an estimate of its width.
//
// A node is [tag, text or nodes, attributes]; a part is { binds, nodes, width, minus, fraction }; widths are tenths of a digit.
const MathText = (() => {
  const WIDTH = 800;
  const [DIGIT, SIGN, COMMA, BRACKET, GAP, INDENT, NARROWEST, SHORT] = [10, 30, 15, 9, 16, 40, 300, 60];
  const [CHOICE, OR, AND, NOT, COMPARE, MODULO, SUM, PRODUCT, NEGATIVE, ATOM] = Array(10).keys();
  const SIGNS = {
    "+": "+",
    "-": "\u2212",
    "*": "⋅",
    "%": "mod",
    and: "and",
    or: "or",
    "=": "=",
    iff: "⇔",
    "==": "=",
    "!=": "≠",
    "<": "<",
    "<=": "≤",
    ">": ">",
    ">=": "≥",
  };
  const AROUND = { ceil: ["⌈", "⌉"], floor: ["⌊", "⌋"], abs: ["|", "|"] };
  const LEFT = { style: "text-align: left;" };
  const BELOW = { style: "text-align: left; padding-left: 2em;" };
  const LARGE = { displaystyle: "true" };
  const SPACE = "\u00a0";

  function element([tag, content, attributes = {}]) {
    const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "style") made.style.cssText = value;
      else made.setAttribute(key, value);
    }
    made.append(...(typeof content === "string" ? [content] : content.map(element)));
    return made;
  }

  const most = (parts) => Math.max(...parts.map((part) => part.width));
  const row = (nodes) => (nodes.length === 1 ? nodes[0] : ["mrow", nodes]);
  const cells = (...listed) => ["mtr", listed.map(([nodes, style]) => ["mtd", nodes, style])];
  const line = (name, side) => cells([name, LEFT], [side, LEFT]);
  const word = (text) => ["mtext", text];
  const part = (binds, nodes, width, more) => ({ binds, nodes, width, ...more });

  function sign(operator, first) {
    const text = SIGNS[operator];
    if (!text) return [];
    return [/^[a-z]/.test(text) ? word(`${first ? "" : SPACE}${text}${SPACE}`) : ["mo", text, { form: "infix" }]];
  }

  const letters = (text) => part(ATOM, [[/^[0-9]/.test(text) && !/[^0-9]/.test(text) ? "mn" : "mi", text]], text.length * DIGIT);
  const script = (tag, base, small, binds = ATOM) =>
    part(binds, [[tag, [row(base.nodes), row(small.nodes)]]], base.width + Math.floor((small.width * 7) / 10));

  function upright(text) {
    const shown = [...text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd").replace(/[_ ]/g, SPACE)].slice(0, 80);
    return part(ATOM, [["mi", shown.join(""), shown.length === 1 ? { mathvariant: "normal" } : {}]], shown.length * DIGIT);
  }

  function short([base, below]) {
    return below ? script("msub", letters(base), letters(below)) : letters(base);
  }

  function number(value, text) {
    const plain = /^([0-9]+)(\.[0-9]+)?(?:[eE]\+?([0-9]+))?$/.exec(text.replace(/[_,]/g, ""));
    if (plain) {
      const shown = (plain[1].length > 4 ? plain[1].replace(/(?<=\d)(?=(?:\d{3})+$)/g, "\u202f") : plain[1]) + (plain[2] ?? "");
      const made = part(ATOM, [["mn", shown]], shown.length * DIGIT);
      if (!plain[3]) return made;
      const power = script("msup", letters("10"), letters(String(Number(plain[3]))));
      return shown === "1" ? power : times(made, power);
    }
    const size = Exact.magnitude(value);
    const whole = (each) => number(each, String(each));
    const found = Exact.whole(size) ? whole(size) : fraction(whole(size.above), whole(size.below));
    return Exact.compare(value, 0) < 0 ? negative(found) : found;
  }

  const negative = (made) => part(NEGATIVE, [["mo", SIGNS["-"], { form: "prefix" }], ...made.nodes], made.width + DIGIT, { minus: true });

  // A fraction of a fraction has one bar: two would look alike.
  function fraction(top, bottom) {
    if (top.fraction) return fraction(top.fraction[0], times(top.fraction[1], bottom));
    return part(PRODUCT, [["mfrac", [row(top.nodes), row(bottom.nodes)], LARGE]], Math.max(top.width, bottom.width) + 4, {
      fraction: [top, bottom],
    });
  }

  const around = (left, made, right) => part(ATOM, [["mrow", [["mo", left], ...made.nodes, ["mo", right]]]], made.width + 2 * BRACKET);
  const bracketed = (made, least = Infinity) => (made.binds >= least ? made : around("(", made, ")"));
  const factor = (made) => (made.minus ? bracketed(made) : bracketed(made, PRODUCT));

  function times(left, right) {
    const [first, second] = [factor(left), factor(right)];
    return part(PRODUCT, [...first.nodes, ...sign("*"), ...second.nodes], first.width + second.width + SIGN);
  }

  function joined(lines, binds, minus) {
    if (lines.length === 1) return part(binds, lines[0].nodes, lines[0].width, { minus });
    return part(binds, [["mtable", lines.map(({ nodes }) => cells([nodes, LEFT])), LARGE]], most(lines) + GAP / 2, { minus });
  }

  const whole = ([binds, parts], room) => (parts.length === 1 ? parts[0][1] : joined(filled(parts, room), binds, parts[0][1].minus));

  function conditions(listed, room) {
    const made = listed.map((parts) => {
      const lines = filled(parts, room - 3 * DIGIT);
      lines[0] = { nodes: [word(`if${SPACE}`), ...lines[0].nodes], width: lines[0].width + 3 * DIGIT };
      return joined(lines, CHOICE);
    });
    return [...made, part(CHOICE, [word("otherwise")], 9 * DIGIT)];
  }

  // Parts with the operators before them, side by side as long as they fit, else on a new line.
  function filled(parts, room) {
    const lines = [];
    for (const [operator, made] of parts) {
      const width = made.width + (operator ? SIGN : 0);
      const last = lines.at(-1);
      if (last && (last.width + width <= room || last.width <= SHORT)) {
        last.nodes.push(...sign(operator), ...made.nodes);
        last.width += width;
      } else lines.push({ nodes: [...sign(operator, true), ...made.nodes], width });
    }
    return lines;
  }

  function commas(parts, room) {
    const listed = parts.map((each, at) => (at < parts.length - 1 ? part(ATOM, [...each.nodes, ["mo", ","]], each.width + COMMA) : each));
    return whole([ATOM, listed.map((each) => ["", each])], room);
  }

  class Writer {
    constructor(known, room) {
      this.known = known;
      this.room = room;
    }

    equation(name, operator, tree) {
      const condition = tree.kind === "choose" && tree.no.kind === "constant" && tree.no.value === 0 ? tree.condition : null;
      const body = condition ? tree.yes : tree;
      const head = name ? this.named(name) : part(ATOM, [], 0);
      const room = this.room - head.width - SIGN - 2 * GAP;
      const [first, ...others] = filled(this.parts(body, room)[1], room);
      const told = operator === "=" && ["compare", "logic", "not"].includes(body.kind) ? "iff" : operator;
      const rows = [line(head.nodes, [...sign(told), ...first.nodes]), ...others.map(({ nodes }) => line([], nodes))];
      if (!condition) return rows;
      const [, parts] = this.parts(condition, room);
      const [before, last] = parts.pop();
      parts.push([before, part(last.binds, [...last.nodes, word(", otherwise 0")], last.width + 13 * DIGIT)]);
      return [...rows, line([], conditions([parts], room)[0].nodes)];
    }

    named(name) {
      return Object.hasOwn(this.known, name) ? short(this.known[name]) : upright(name);
    }

    // How tightly a tree binds, and what it may be broken into: parts with the operators before them.
    parts(tree, space) {
      const room = Math.max(space, NARROWEST);
      const { operators, operands } = tree;
      if (tree.kind === "logic") {
        const binds = tree.operator === "and" ? AND : OR;
        return [binds, operands.map((each, at) => [at ? tree.operator : "", bracketed(this.write(each, room - SIGN), binds + 1)])];
      }
      if (tree.kind !== "fold") {
        const found = this.write(tree, room);
        return [found.binds, [["", found]]];
      }
      if (!"+-".includes(operators[0])) return this.product(operators, operands, room);
      const others = operators.map((operator, at) => [operator, factor(this.write(operands[at + 1], room - SIGN))]);
      return [SUM, [["", bracketed(this.write(operands[0], room), SUM)], ...others]];
    }

    write(tree, room) {
      const { kind } = tree;
      if (kind === "constant") return number(tree.value, tree.text);
      if (kind === "truth") return upright(String(tree.value));
      if (kind === "name") return this.named(tree.name);
      if (kind === "word") return upright(tree.word);
      if (kind === "cell")
        return script(
          "msub",
          upright(tree.path.at(-1)),
          commas(
            tree.path.slice(0, -1).map((each) => this.named(each)),
            this.room,
          ),
        );
      if (kind === "power") return script("msup", bracketed(this.write(tree.base, room), ATOM), this.write(tree.exponent, room), NEGATIVE);
      if (kind === "item") return script("msub", bracketed(this.write(tree.listed, room), ATOM), this.write(tree.position, room));
      if (kind === "negative") return negative(factor(this.write(tree.operand, room)));
      if (kind === "choose") return this.cases(tree, room);
      if (kind === "call") return this.call(tree.function, tree.arguments, room);
      if (kind === "compare") {
        const [first, second] = [tree.left, tree.right].map((each) => bracketed(this.write(each, this.room), MODULO));
        return part(COMPARE, [...first.nodes, ...sign(tree.operator), ...second.nodes], first.width + second.width + SIGN);
      }
      if (kind === "not") {
        const found = bracketed(this.write(tree.operand, room), ATOM);
        return part(NOT, [word(`not${SPACE}`), ...found.nodes], found.width + 4 * DIGIT);
      }
      return whole(this.parts(tree, room), Math.max(room, NARROWEST));
    }

    // From the left: what stands so far is the top of the next fraction.
    product(operators, operands, room) {
      let parts = [["", this.write(operands[0], room)]];
      let [[, { binds }]] = parts;
      operators.forEach((operator, at) => {
        const operand = operands[at + 1];
        if (operator === "*") {
          parts[0] = ["", bracketed(parts[0][1], PRODUCT)];
          parts.push(["*", factor(this.write(operand, room - SIGN))]);
          binds = PRODUCT;
          return;
        }
        const top = whole([binds, parts], room);
        if (operator === "%") {
          parts = [
            ["", bracketed(top, ATOM)],
            ["%", bracketed(this.write(operand, room - SIGN), ATOM)],
          ];
          binds = MODULO;
          return;
        }
        let made = fraction(top, this.write(operand, room));
        if (operator === "//") made = around("⌊", made, "⌋");
        parts = [["", made]];
        binds = made.binds;
      });
      return [binds, parts];
    }

    // Values with their conditions beside them, or below them where a line has no room for both.
    cases(tree, room) {
      const values = [];
      const listed = [];
      for (; tree.kind === "choose"; tree = tree.no) {
        values.push(this.write(tree.yes, room - GAP));
        listed.push(this.parts(tree.condition, room - INDENT)[1]);
      }
      values.push(this.write(tree, room - GAP));
      let whens = conditions(listed, Math.floor((room * 9) / 20));
      let width = most(values) + most(whens) + 3 * GAP;
      let rows = values.map((value, at) => cells([value.nodes, LEFT], [whens[at].nodes, LEFT]));
      if (width > room) {
        whens = conditions(listed, room - INDENT);
        width = Math.max(most(values), most(whens) + INDENT) + 2 * GAP;
        rows = values.flatMap((value, at) => [cells([value.nodes, LEFT]), cells([whens[at].nodes, BELOW])]);
      }
      return part(
        CHOICE,
        [
          [
            "mrow",
            [
              ["mo", "{"],
              ["mtable", rows, LARGE],
            ],
          ],
        ],
        width,
      );
    }

    call(name, operands, room) {
      const made = operands.map((each) => this.write(each, room - 6 * DIGIT));
      if (AROUND[name]) return around(AROUND[name][0], made[0], AROUND[name][1]);
      if (name === "round_up" && ["constant", "name", "cell"].includes(operands[1].kind))
        return times(around("⌈", fraction(...made), "⌉"), made[1]);
      const head = upright(name);
      const inner = bracketed(commas(made, room - head.width));
      return part(ATOM, [...head.nodes, ...inner.nodes], head.width + inner.width);
    }
  }

  // From the symbols of names (`M_x`, `t_{ab}`), how they are written: as [base, index], where it is one and no other name has it.
  function symbols(named) {
    const made = Object.entries(named).flatMap(([name, text]) => {
      const found = /^([A-Za-z]{1,20})(?:_(?:\{([A-Za-z0-9]{1,20})\}|([A-Za-z0-9]{1,20})))?$/.exec(text ?? "");
      return found ? [[name, [found[1], found[2] ?? found[3] ?? ""]]] : [];
    });
    const taken = new Map();
    for (const [, parts] of made) taken.set(String(parts), (taken.get(String(parts)) ?? 0) + 1);
    return Object.fromEntries(made.filter(([, parts]) => taken.get(String(parts)) === 1));
  }

  // What a line of the page holds, in tenths of a digit, which takes about 9.5 pixels.
  const room = () => Math.min(WIDTH, Math.max(NARROWEST, Math.floor((window.innerWidth - 64) * 1.05)));

  // How the names of an equation are written: by their symbols.
  function known({ program }, name, tree) {
    const used = [...(name ? [name.id] : []), ...program.used(tree)];
    return symbols(Object.fromEntries(used.map((id) => [program.name(id), program.byId.get(id).symbol])));
  }

  // A name (a node, or null to go on below another equation) and its tree as an element `math`; `operator` may be empty.
  function equation(gauge, name, tree, operator = "=", width = room()) {
    const rows = new Writer(known(gauge, name, tree), width).equation(name?.name, operator, tree);
    return element(["math", [["mtable", rows, LARGE]], { display: "block" }]);
  }

  // A tree as an element `math`, to stand in a line of text; `written` comes from `known`.
  function formula(tree, written = {}, width = room()) {
    return element(["math", [row(new Writer(written, width).write(tree, width).nodes)]]);
  }

  return Object.freeze({ known, equation, formula });
})();
