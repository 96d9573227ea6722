// What is known of every node of every formula while one unknown moves over a piece of its domain (engine/solve/nodes.py and bounds.py).
// It never claims more than holds.
const Nodes = (() => {
  const { NOTHING, Stop } = Plan;
  const { Span, ANYTHING, FAR, HIGHEST, far, sign, compare, constant } = Spans;
  const { Options, HOLDS, EITHER, ODD, UP, DOWN, STILL, knownOf, optionsOf, oneOf, switched, used } = Outcomes;
  const { equal, negative, floor, ceil, subtract: less, divide: ratio, add: sum } = Exact;

  // A node has no value anywhere on the piece. (No Error: it is thrown often, and nobody reads its stack.)
  class Fails {
    constructor(where) {
      this.where = where;
    }
  }

  // What is known of a name: `known` is null where it has a value nowhere on the piece; `absent`: it applies nowhere; `perhaps`: not
  // everywhere, and `applied` is known of it where it does; `failing`: why it may lack a value somewhere.
  const stateOf = (known, failing, more) => ({ known, failing, absent: false, perhaps: false, applied: null, ...more });

  // The ids that these reach other than through a given value, themselves among them.
  function moving(program, given, ids) {
    program.descendants([]);
    const seen = new Set(ids);
    for (const id of seen) for (const user of program.users.get(id) ?? []) if (!given.has(user)) seen.add(user);
    return seen;
  }

  // One pass over the names of a `Bounds`, on one piece.
  class Walk {
    constructor(bounds, piece) {
      this.bounds = bounds;
      this.values = bounds.values;
      this.program = bounds.values.program;
      this.piece = piece;
      this.states = new Map([[bounds.unknown, stateOf(piece.point ? constant(piece.low) : Spans.straight(piece, 1, 0, piece.grid), "")]]);
      this.splits = [];
      this.failing = "";
      this.here = "";
      for (const item of bounds.order) this.visit(item);
      this.failing = "";
    }

    visit(item) {
      this.here = this.program.name(item.id);
      this.failing = "";
      let state;
      try {
        state = item.input ? this.held(item) : this.state(item);
      } catch (error) {
        if (!(error instanceof Fails)) throw error;
        state = stateOf(null, error.where);
      }
      this.states.set(item.id, state);
    }

    // What is known of a name that is asked for; it fails where the name does not apply.
    number(id) {
      this.here = this.program.name(id);
      const state = this.states.get(id);
      if (!state) {
        const value = this.values.state(id);
        return Exact.isNumber(value) ? constant(value, true) : this.stop();
      }
      if (!(state.known instanceof Span) || state.absent) this.stop(state.failing || this.here);
      if (state.failing || state.perhaps) this.fail(state.failing || this.here);
      return state.known;
    }

    // The name that is looked at has no value here, or may lack one.
    stop(where = this.here) {
      throw new Fails(where);
    }
    fail(where = this.here) {
      this.failing ||= where;
    }

    state(item) {
      const when = item.when === undefined ? HOLDS : this.condition(item.when);
      if (when.never) return stateOf(constant(0, when.fixed), this.failing, { absent: true });
      let cases;
      try {
        cases = this.cases(item);
      } catch (error) {
        if (!(error instanceof Fails) || when.sure) throw error;
        return stateOf(constant(0), error.where, { perhaps: true });
      }
      const { found, fixed } = cases;
      if (when.sure) return stateOf(oneOf(found, fixed && when.fixed), this.failing);
      const applied = found.length > 1 ? oneOf(found, false) : found[0];
      return stateOf(switched(when, applied, constant(0)), this.failing, { perhaps: true, applied });
    }

    cases(item) {
      let found = [];
      let [failed, fixed, open, closed] = ["", true, null, false];
      for (const [condition, body] of item.cases) {
        let holds = HOLDS;
        if (condition !== null) {
          const known = this.attempt(() => this.condition(condition));
          if (known instanceof Fails) {
            if (!open) throw known;
            [failed, closed] = [known.where, true];
            break;
          }
          holds = known;
        }
        fixed &&= holds.fixed;
        if (holds.never) continue;
        if (!holds.sure) open = holds;
        const value = this.attempt(() => this.tree(this.program.tree(body)));
        if (value instanceof Fails) failed = value.where;
        else found.push(value);
        closed = holds.sure;
        if (closed) break;
      }
      if (!closed) failed ||= this.here;
      this.fail(failed);
      if (!found.length) this.stop(failed || this.here);
      if (open && found.length === 2 && !failed) found = [switched(open, ...found)];
      return { found, fixed: fixed && !open };
    }

    condition(formula) {
      return optionsOf(this.tree(this.program.tree(formula)));
    }

    // A default that is computed, held to the bounds of its input.
    held(item) {
      const known = this.tree(this.program.tree(item.formula));
      const whole = item.type === "integer";
      if (!(whole || item.type === "number") || !(known instanceof Span)) return stateOf(known, this.failing);
      const { low = -FAR, high = FAR, choices } = item;
      let outside = compare(known.high, low) < 0 || compare(known.low, high) > 0;
      if (known.still) {
        const value = known.line[1];
        outside ||= (whole && !Exact.whole(value)) || (Boolean(choices) && !choices.some((each) => equal(each, value)));
        if (!outside) return stateOf(known, this.failing);
      }
      if (outside) this.stop();
      if (compare(known.low, low) < 0 || compare(known.high, high) > 0 || choices || (whole && !known.whole)) this.fail();
      return stateOf(known, this.failing);
    }

    // What is known of a node.
    tree(tree) {
      return this.bounds.varying.has(tree) ? this[tree.kind](tree) : this.constant(tree);
    }

    span(tree) {
      const known = this.tree(tree);
      return known instanceof Span ? known : ANYTHING;
    }

    attempt(work) {
      try {
        return work();
      } catch (error) {
        if (error instanceof Fails) return error;
        throw error;
      }
    }

    constant(tree) {
      let known = this.bounds.constants.get(tree);
      if (known === undefined) {
        try {
          known = knownOf(Trees.value(this.values, tree));
        } catch (error) {
          if (!(error instanceof Stop || error instanceof Exact.Undefined)) throw error;
          this.stop();
        }
        this.bounds.constants.set(tree, known);
      }
      return known;
    }

    name(tree) {
      const state = this.states.get(tree.id);
      if (state.known === null) this.stop(state.failing || this.here);
      this.fail(state.failing);
      return state.known;
    }

    cell(tree) {
      const { rows } = this.program.content.tables[tree.table];
      const { values, fixed } = optionsOf(this.name(tree));
      const found = Object.keys(rows).filter((row) => values === null || values.has(row));
      if (values === null || [...values].some((row) => !Object.hasOwn(rows, row))) this.fail();
      if (!found.length) this.stop();
      return oneOf(
        found.map((row) => knownOf(rows[row][tree.path[1]])),
        fixed,
      );
    }

    fold(tree) {
      let total = this.span(tree.operands[0]);
      tree.operators.forEach((operator, at) => {
        const part = this.span(tree.operands[at + 1]);
        total = used(this.join(operator, total, part), total, part);
      });
      return total;
    }

    join(operator, a, b) {
      const { piece } = this;
      if (operator === "+") return Spans.add(piece, a, b);
      if (operator === "-") return Spans.subtract(piece, a, b);
      if (operator === "*") return Spans.multiply(piece, a, b);
      if (b.low === 0 && b.high === 0) this.stop();
      if (Spans.zero(piece, b)) this.fail();
      const quotient = Spans.divide(piece, a, b);
      if (operator === "/") return quotient;
      this.rounding(quotient);
      return operator === "//" ? Spans.roundedDown(piece, quotient) : Spans.remainder(piece, a, b);
    }

    power(tree) {
      const [base, exponent] = [this.span(tree.base), this.span(tree.exponent)];
      return used(this.powerOf(base, exponent), base, exponent);
    }

    powerOf(base, exponent) {
      if (exponent.still) {
        const by = exponent.line[1];
        const below = sign(by) < 0;
        if (typeof by !== "number" || Math.abs(by) > HIGHEST || (below && base.low === 0 && base.high === 0)) this.stop();
        if (below && Spans.zero(this.piece, base)) this.fail();
        return Spans.power(this.piece, base, by);
      }
      const { low, high } = exponent;
      if (compare(low, HIGHEST) > 0 || compare(high, -HIGHEST) < 0) this.stop();
      if (!exponent.whole || compare(high, HIGHEST) > 0 || sign(low) < 0) this.fail();
      return Spans.varyingPower(base, exponent);
    }

    // Where a rounding nearest the middle changes, if that can be said exactly.
    rounding(span) {
      if (!span.line || span.line[0] === 0 || far(span.low) || far(span.high)) return;
      const middle = ratio(sum(span.low, span.high), 2);
      for (const level of [floor(middle), ceil(middle)]) this.split(ratio(less(level, span.line[1]), span.line[0]));
    }

    // A place where something may change: on a grid, after the whole number given and before it.
    split(at) {
      const { low, high, grid } = this.piece;
      for (const place of grid ? [floor(at), less(ceil(at), 1)] : [at]) {
        if (compare(low, place) <= 0 && compare(place, high) < 0 && (grid || !equal(place, low))) this.splits.push(place);
      }
    }

    crossing(gap) {
      if (gap.line && gap.line[0] !== 0) this.split(ratio(negative(gap.line[1]), gap.line[0]));
    }

    compare(tree) {
      const [a, b] = [this.tree(tree.left), this.tree(tree.right)];
      if (!(a instanceof Span && b instanceof Span)) return Outcomes.sameWords(tree.operator, optionsOf(a), optionsOf(b));
      const gap = Spans.subtract(this.piece, a, b);
      const found = new Set(Outcomes.signsOf(this.piece, gap).map((way) => Outcomes.passes(tree.operator, way)));
      if (found.size > 1) this.crossing(gap);
      return new Options(found, a.fixed && b.fixed, Outcomes.turnOf(tree.operator, gap));
    }

    logic(tree) {
      const stop = tree.operator === "or";
      const [outcomes, turns] = [new Set(), new Set()];
      let fixed = true;
      for (const operand of tree.operands) {
        const known = this.attempt(() => optionsOf(this.tree(operand)));
        if (known instanceof Fails) {
          if (!outcomes.size) throw known;
          this.fail(known.where);
          return new Options(outcomes);
        }
        const values = known.values === null ? EITHER : new Set([...known.values].map(Boolean));
        if (values.size === 1 && values.has(stop)) return new Options(values, known.fixed);
        fixed &&= known.fixed;
        if (values.has(stop)) {
          outcomes.add(stop);
          if (known.turn !== STILL) turns.add(known.turn);
        }
      }
      outcomes.add(!stop);
      return new Options(outcomes, fixed, turns.size ? (turns.size === 1 ? [...turns][0] : ODD) : STILL);
    }

    not(tree) {
      const { values, fixed, turn } = optionsOf(this.tree(tree.operand));
      return new Options(values && new Set([...values].map((value) => !value)), fixed, turn === UP ? DOWN : turn === DOWN ? UP : turn);
    }

    negative(tree) {
      const span = this.span(tree.operand);
      return Spans.negative(span);
    }

    choose(tree) {
      const holds = optionsOf(this.tree(tree.condition));
      if (holds.sure || holds.never) return oneOf([this.tree(holds.sure ? tree.yes : tree.no)], holds.fixed);
      const [yes, no] = [tree.yes, tree.no].map((branch) => this.attempt(() => this.tree(branch)));
      const failed = [no, yes].find((side) => side instanceof Fails);
      if (!failed) return switched(holds, yes, no);
      const other = failed === no ? yes : no;
      if (other instanceof Fails) throw failed;
      this.fail(failed.where);
      return oneOf([other], false);
    }

    call(tree) {
      const name = tree.function;
      if (name === "min" || name === "max") return this.extreme(tree);
      if (name === "sum" || name === "count" || name === "length") return this.listed(tree);
      const parts = tree.arguments.map((part) => this.span(part));
      const [only, multiple] = parts;
      if (name === "round_up") return used(this.roundUp(only, multiple), ...parts);
      if (name === "abs") {
        if (sign(only.low) < 0 && sign(only.high) > 0) this.crossing(only);
        return used(Spans.absolute(only), only);
      }
      this.rounding(only);
      return used(name === "ceil" ? Spans.roundedUp(this.piece, only) : Spans.roundedDown(this.piece, only), only);
    }

    roundUp(value, multiple) {
      if (sign(multiple.high) <= 0) this.stop();
      if (sign(multiple.low) <= 0) {
        this.fail();
        return ANYTHING;
      }
      if (multiple.still) this.rounding(Spans.divide(this.piece, value, multiple));
      return Spans.roundedTo(this.piece, value, multiple);
    }

    // `min` and `max` leave out rules that do not apply.
    extreme(tree) {
      const [sure, maybe, parts] = [[], [], []];
      for (const part of tree.arguments) {
        const state = part.kind === "name" ? this.states.get(part.id) : undefined;
        if (part.kind === "name" && !state && this.values.cells[part.id] === NOTHING) continue;
        const span = this.span(part);
        parts.push(span);
        if (!state || !(state.absent || state.perhaps)) sure.push(span);
        else if (state.applied instanceof Span) maybe.push(state.applied);
      }
      const join = tree.function === "max" ? Spans.larger : Spans.smaller;
      let total = sure[0] ?? constant(0);
      for (const span of sure.slice(1)) {
        this.crossing(Spans.subtract(this.piece, total, span));
        total = join(this.piece, total, span);
      }
      if (maybe.length) total = Spans.either([total, ...maybe.map((span) => (sure.length ? join(this.piece, total, span) : span))]);
      return used(total, ...parts);
    }

    item(tree) {
      return this.listed(tree);
    }

    // Functions of lists: the list or the index depends on the unknown.
    listed(tree) {
      const parts = Plan.children(tree).map((part) => this.attempt(() => this.tree(part)));
      const failed = parts.find((part) => part instanceof Fails);
      if (failed) throw failed;
      const [items, index] = parts;
      if (tree.kind === "item" && Array.isArray(items) && index instanceof Span) {
        const within = items.filter((_, at) => compare(index.low, at) <= 0 && compare(at, index.high) <= 0);
        if (!index.whole || sign(index.low) < 0 || compare(index.high, items.length) >= 0) this.fail();
        if (!within.length) this.stop();
        return oneOf(within.map(knownOf), index.fixed);
      }
      this.fail();
      const counts = tree.function === "count" || tree.function === "length";
      return counts ? new Span(0, FAR, -FAR, FAR, true) : ANYTHING;
    }
  }

  // Everything between an unknown and some targets, for views of one piece after another.
  class Bounds {
    constructor(values, unknown, targets) {
      const { program } = values;
      this.values = values;
      this.unknown = unknown;
      this.moving = moving(program, values.given, [unknown]);
      const wanted = program.ancestors(targets);
      this.order = program.items.filter(({ id }) => id !== unknown && this.moving.has(id) && wanted.has(id));
      this.varying = new Set();
      this.constants = new Map();
      for (const item of this.order) for (const formula of program.formulasOf(item)) this.mark(program.tree(formula));
    }

    mark(tree) {
      let varies = tree.id !== undefined && this.moving.has(tree.id);
      for (const part of Plan.children(tree)) varies = this.mark(part) || varies;
      if (varies) this.varying.add(tree);
      return varies;
    }

    // What is known of the target less its bound (`id` or `number`): `span` is null where it has a value nowhere; `failing` says why it
    // may lack one somewhere; `splits` are places where a condition, a largest or a rounding may change.
    view(piece, target, bound) {
      const walk = new Walk(this, piece);
      let [span, other] = [];
      try {
        span = walk.number(target);
        other = bound.id === undefined ? constant(bound.number, true) : walk.number(bound.id);
      } catch (error) {
        if (error instanceof Fails) return { span: null, failing: error.where, splits: [] };
        throw error;
      }
      const gap = Spans.subtract(piece, span, other).with(span.fixed && other.fixed);
      const splits = walk.splits.sort(compare);
      return { span: gap, failing: walk.failing, splits: splits.filter((at, place) => !place || !equal(at, splits[place - 1])) };
    }
  }

  return Object.freeze({ Bounds, moving });
})();
