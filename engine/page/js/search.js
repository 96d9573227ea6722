// Every value of one unknown at which a number meets a bound, by taking the unknown's domain apart (engine/solve/search.py and nearest.py).
const Search = (() => {
  const { Absent } = Plan;
  const { Piece, far, sign, compare, apart, size, plus } = Spans;
  const { equal, floor, ceil, negative, add, subtract, multiply, divide } = Exact;
  const WORK = 400000;
  const VIEW = 10;
  const SCANNED = 100000;
  const LISTED = 50;
  const FINENESS = 2 ** 40;
  const FINEST = Exact.made(1n << 120n, 1n);
  const FARTHEST = Exact.made(1n << 4000n, 1n);
  const half = (value) => divide(value, 2);

  // ---- the place where a condition changes

  // The last whole number on the way from `start` to `stop` up to which a test holds, if it holds first and then no more.
  // null where it does not hold at all; no end where it never stops holding.
  function lastTrue(test, start, stop, gap) {
    if (far(start)) return test(stop) ? stop : backward(test, stop, start);
    if (!test(start)) return null;
    if (far(stop)) return forward(test, start, stop);
    return test(stop) ? stop : between(test, start, stop, gap);
  }

  // From a number at which the test holds, with no end to go to.
  function forward(test, start, stop) {
    let [yes, step] = [start, sign(stop)];
    for (;;) {
      const ahead = add(yes, step);
      if (!test(ahead)) return between(test, yes, ahead);
      if (compare(size(ahead), FARTHEST) > 0) return stop;
      [yes, step] = [ahead, multiply(step, 2)];
    }
  }

  // From a number at which the test no longer holds, with no end to come from.
  function backward(test, stop, start) {
    let [no, step] = [stop, sign(start)];
    for (;;) {
      const behind = add(no, step);
      if (test(behind)) return between(test, behind, no);
      if (compare(size(behind), FARTHEST) > 0) return null;
      [no, step] = [behind, multiply(step, 2)];
    }
  }

  // Every third step halves what is left; the others look where a line through what `gap` says of both ends meets 0, an end that stays
  // counting half as much each time.
  function between(test, yes, no, gap = () => null) {
    const weights = [gap(yes), gap(no)];
    let last = null;
    for (let step = 1; compare(size(subtract(no, yes)), 1) > 0; step += 1) {
      const middle = step % 3 ? toward(yes, no, ...weights) : floor(half(add(yes, no)));
      const stays = test(middle) ? 1 : 0;
      weights[1 - stays] = gap(middle);
      if (weights[stays] !== null && last === stays) weights[stays] = half(weights[stays]);
      if (stays) yes = middle;
      else no = middle;
      last = stays;
    }
    return yes;
  }

  function toward(yes, no, here, there) {
    if (here === null || there === null || equal(here, there)) return floor(half(add(yes, no)));
    const at = add(yes, floor(divide(multiply(subtract(no, yes), here), subtract(here, there))));
    const [low, high] = compare(yes, no) < 0 ? [add(yes, 1), subtract(no, 1)] : [add(no, 1), subtract(yes, 1)];
    return compare(at, low) < 0 ? low : compare(at, high) > 0 ? high : at;
  }

  // The fraction with the smallest denominator strictly between two numbers.
  function simplest(low, high) {
    if (sign(low) < 0 && sign(high) > 0) return 0;
    const base = floor(low);
    if (compare(add(base, 1), high) < 0) return sign(low) >= 0 ? add(base, 1) : subtract(ceil(high), 1);
    const above = divide(1, subtract(high, base));
    const part = equal(low, base) ? add(floor(above), 1) : simplest(above, divide(1, subtract(low, base)));
    return add(base, divide(1, part));
  }

  // ---- the question

  // Whether a target this far over its bound meets it.
  const right = (sense, gap) => (sense === "at_most" ? sign(gap) <= 0 : sense === "at_least" ? sign(gap) >= 0 : gap === 0);

  // A number, less its bound, as a function of one unknown. `bound` has an `id` or a `number`.
  class Question {
    constructor(values, unknown, { target, sense, bound }) {
      this.values = values;
      this.unknown = unknown;
      this.target = target;
      this.sense = sense;
      this.bound = bound;
      this.bounds = new Nodes.Bounds(values, unknown, bound.id === undefined ? [target] : [target, bound.id]);
      this.at = Plan.changing(values, [unknown], [target]);
      if (bound.id !== undefined && this.bounds.moving.has(bound.id)) this.boundAt = Plan.changing(values, [unknown], [bound.id]);
      else if (bound.id !== undefined) this.bound = { number: values.number(bound.id) };
      this.boundAt ??= () => this.bound.number;
      this.cost = this.bounds.order.length + 1;
      this.work = 0;
      this.limit = WORK;
      this.seen = new Map();
      this.why = "";
    }

    // The target less the bound; null where one of them has no value.
    gap(x) {
      const key = typeof x === "number" ? x : String(x);
      let gap = this.seen.get(key);
      if (gap === undefined) {
        this.work += this.cost;
        const states = [this.at(x), this.boundAt(x)];
        const known = states.every(Exact.isNumber);
        gap = known ? subtract(...states) : null;
        if (!known) this.why ||= states.find((state) => state instanceof Absent)?.problems[0] ?? "it does not apply";
        this.seen.set(key, gap);
      }
      return gap;
    }

    meets(x) {
      const gap = this.gap(x);
      return gap !== null && this.right(gap);
    }

    right(gap) {
      return right(this.sense, gap);
    }

    view(piece) {
      this.work += VIEW * this.cost;
      return this.bounds.view(piece, this.target, this.bound);
    }

    allMeet(span) {
      return (this.sense === "at_most" || sign(span.low) >= 0) && (this.sense === "at_least" || sign(span.high) <= 0);
    }

    noneMeet(span) {
      return (this.sense !== "at_least" && sign(span.low) > 0) || (this.sense !== "at_most" && sign(span.high) < 0);
    }

    atMost(x) {
      const gap = this.gap(x);
      return gap !== null && sign(gap) <= 0;
    }

    atLeast(x) {
      const gap = this.gap(x);
      return gap !== null && sign(gap) >= 0;
    }
  }

  // Values that meet the bound. An end is open where it does not itself meet it, and rough where it is known only closely.
  function rangeOf(low, high, lowOpen = false, highOpen = false, lowRough = false, highRough = false) {
    return { low, high, lowOpen, highOpen, lowRough, highRough };
  }

  // ---- taking a domain apart

  // From its far end where that is finite, so that the largest values are found first. `ranges` come in ascending order; `complete`: the
  // whole domain was settled; `parts`: which way the number goes where; `undefined`: where it has no value.
  function find(question, domain) {
    const found = { ranges: [], parts: [], undefined: [], complete: true, settled: 0, culprit: "", fromRight: !far(domain.high) };
    const small = domain.grid && compare(apart(domain.low, domain.high), SCANNED) < 0;
    if (small) question.limit = Math.min(Math.max(WORK, question.cost * SCANNED * 2), 10 * WORK);
    const todo = [];
    const put = (made) => todo.push(...(found.fromRight ? made : made.reverse()));
    put(piecesOf(domain));
    while (todo.length) {
      const next = todo.pop();
      if (!(next instanceof Piece)) {
        merge(found, next, domain.grid);
        continue;
      }
      if (question.work > question.limit || (found.ranges.length > LISTED && question.work > question.limit / 10)) {
        found.complete = false;
        break;
      }
      put(settle(question, found, next));
    }
    if (found.fromRight) found.ranges.reverse();
    found.parts.sort((a, b) => compare(a.low, b.low));
    return found;
  }

  // A domain as pieces with at most one far end.
  function piecesOf(domain) {
    const { low, high, grid } = domain;
    if (grid) return far(low) && far(high) ? [new Piece(low, -1, true), new Piece(0, high, true)] : [domain];
    const point = (at) => new Piece(at, at, false);
    if (far(low) && far(high)) return [new Piece(low, 0, false), point(0), new Piece(0, high, false)];
    const made = far(low) ? [] : [point(low)];
    if (!equal(low, high)) made.push(new Piece(low, high, false), ...(far(high) ? [] : [point(high)]));
    return made;
  }

  // Add a range beside or beyond those found before.
  function merge(found, range, grid) {
    const last = found.ranges.at(-1);
    const [left, right] = found.fromRight ? [range, last] : [last, range];
    const near = last && (grid ? compare(plus(left.high, 1), right.low) >= 0 : equal(left.high, right.low));
    const touch = near && (grid || !(left.highOpen && right.lowOpen));
    if (touch) found.ranges.pop();
    found.ranges.push(touch ? rangeOf(left.low, right.high, left.lowOpen, right.highOpen, left.lowRough, right.highRough) : range);
  }

  // What is left to do for a piece, in ascending order.
  function settle(question, found, piece) {
    found.settled += 1;
    if (piece.point || (piece.grid && compare(apart(piece.low, piece.high), 4) < 0)) return scan(question, found, piece);
    const view = question.view(piece);
    const { span } = view;
    if (span === null) return lacks(found, piece, view.failing);
    if (question.noneMeet(span)) return settled(found, piece, span);
    if (view.failing) {
      found.culprit = view.failing;
      return split(found, piece, view);
    }
    const defined = isDefined(question, piece);
    if (defined === false) return lacks(found, piece, question.why);
    if (defined && question.allMeet(span)) return settled(found, piece, span, [rangeOf(piece.low, piece.high, piece.open, piece.open)]);
    if (defined && piece.grid && !span.wanders) {
      settled(found, piece, span);
      return monotone(question, piece, span.rises);
    }
    if (piece.open && span.line) return lined(question, piece, ...span.line);
    if (!span.wanders && piece.open) return bisected(question, found, piece, view);
    return split(found, piece, view);
  }

  function settled(found, piece, { rises, falls }, made = []) {
    if (found.parts.length < 100) found.parts.push({ low: piece.low, high: piece.high, rises, falls });
    return made;
  }

  function lacks(found, piece, why) {
    if (found.undefined.length < 200) found.undefined.push({ low: piece.low, high: piece.high, why });
    return [];
  }

  // Whether the number can be computed at the finite ends of a grid piece; null where only at one.
  function isDefined(question, piece) {
    if (piece.open) return true;
    const ends = [piece.low, piece.high].filter((end) => !far(end)).map((end) => question.gap(end) !== null);
    return ends.every(Boolean) || (ends.some(Boolean) ? null : false);
  }

  function scan(question, found, piece) {
    const made = [];
    const gaps = [];
    for (let x = piece.low; compare(x, piece.high) <= 0; x = add(x, 1)) {
      const gap = question.gap(x);
      gaps.push(gap);
      if (gap === null) lacks(found, new Piece(x, x, piece.grid), question.why);
      else if (question.right(gap)) made.push(rangeOf(x, x));
    }
    if (!gaps.includes(null)) {
      const goes = (way) => gaps.every((gap, at) => !at || compare(gap, gaps[at - 1]) * way >= 0);
      settled(found, piece, { rises: goes(1), falls: goes(-1) });
    }
    return made;
  }

  // The parts of a piece, split where the view says something changes, else in the middle.
  function split(found, piece, view) {
    const { low, high, grid } = piece;
    const at = middle(piece, view.splits);
    if (at === null) return lacks(found, piece, "is too fine or too far to look at");
    if (grid) return [new Piece(low, at, true), new Piece(add(at, 1), high, true)];
    return [new Piece(low, at, false), new Piece(at, at, false), new Piece(at, high, false)];
  }

  function nearestTo(place, splits) {
    const off = (at) => size(subtract(at, place));
    return splits.reduce((best, at) => (compare(off(at), off(best)) < 0 ? at : best));
  }

  // Where to split (on a grid, after which number); null where the piece is too fine or too far out.
  function middle(piece, splits) {
    const { low, high } = piece;
    if (far(low) || far(high)) {
      const near = far(low) ? high : low;
      if (compare(size(near), FARTHEST) > 0) return null;
      if (splits.length) return nearestTo(0, splits);
      const step = compare(size(near), 1) > 0 ? size(near) : 1;
      return far(low) ? subtract(subtract(near, step), 1) : add(near, step);
    }
    if (piece.open) {
      const scale = Spans.most(size(low), size(high));
      if (compare(multiply(subtract(high, low), FINENESS), scale) < 0 || compare(multiply(scale, FINEST), 1) < 0) return null;
    }
    const center = half(add(low, high));
    const at = piece.grid ? floor(center) : center;
    return splits.length ? nearestTo(at, splits) : at;
  }

  // The values of a grid piece that meet the bound, where the number never falls (or never rises) on it.
  function monotone(question, piece, rises) {
    let { low, high } = piece;
    if (question.sense !== "at_least") {
      const end = lastTrue(
        (x) => question.atMost(x),
        rises ? low : high,
        rises ? high : low,
        (x) => question.gap(x),
      );
      if (end === null) return [];
      if (rises) high = end;
      else low = end;
    }
    if (question.sense !== "at_most") {
      const start = lastTrue(
        (x) => question.atLeast(x),
        rises ? high : low,
        rises ? low : high,
        (x) => question.gap(x),
      );
      if (start === null) return [];
      if (rises) low = start;
      else high = start;
    }
    return [rangeOf(low, high)];
  }

  // The values between open ends where a line meets the bound; it is neither all right nor all wrong there.
  function lined(question, piece, slope, offset) {
    const root = divide(negative(offset), slope);
    const { low, high } = piece;
    const rises = sign(slope) > 0;
    if (compare(root, low) <= 0 || compare(root, high) >= 0) {
      return question.right(rises === compare(root, low) <= 0 ? 1 : -1) ? [rangeOf(low, high, true, true)] : [];
    }
    if (question.sense === "equals") return [rangeOf(root, root)];
    return (question.sense === "at_most") === rises ? [rangeOf(low, root, true)] : [rangeOf(root, high, false, true)];
  }

  const strict = (span) => sign(span.least) > 0 || sign(span.most) < 0;

  // One step of bisection between open ends, where the number never falls or never rises.
  function bisected(question, found, piece, view) {
    const { span } = view;
    const at = middle(piece, view.splits);
    if (at === null) return crossing(question, piece, span);
    const gap = question.gap(at);
    const equals = question.sense === "equals";
    const level = gap === 0 && !strict(span);
    if (gap === null || (level && equals)) return split(found, piece, view);
    if (gap === 0 && equals) return [rangeOf(at, at)];
    const [left, right] = [new Piece(piece.low, at, false), new Piece(at, piece.high, false)];
    if (equals) return [sign(gap) < 0 === span.rises ? right : left];
    const first = rangeOf(piece.low, at, true);
    const last = rangeOf(at, piece.high, false, true);
    const before = (question.sense === "at_most") === span.rises;
    if (gap === 0 && !level) return [before ? first : last];
    if (before) return question.right(gap) ? [first, right] : [left];
    return question.right(gap) ? [left, last] : [right];
  }

  // The crossing inside a piece too fine to split: the simplest number in it if it is exact, else known to this fineness.
  function crossing(question, piece, span) {
    const { low, high } = piece;
    const root = simplest(low, high);
    const off = question.gap(root) !== 0;
    const level = !strict(span);
    if (question.sense === "equals") {
      const ends = [question.gap(low), question.gap(high)];
      const passed = !ends.includes(null) && sign(ends[0]) * sign(ends[1]) < 0 && !far(span.least) && !far(span.most);
      if (off) return passed ? [rangeOf(root, root, false, false, true, true)] : [];
      const [from, to] = [ends[0] === 0 ? low : root, ends[1] === 0 ? high : root];
      return [rangeOf(from, to, false, false, level && from === root, level && to === root)];
    }
    const before = (question.sense === "at_most") === span.rises;
    const inside = question.meets(root);
    const end = inside ? root : before ? low : high;
    if (!question.meets(end)) return [];
    return [before ? rangeOf(low, end, inside, false, false, off || level) : rangeOf(end, high, false, inside, off || level, false)];
  }

  // Where a bound that is never met is missed by the least, of the ends of what was settled; null where none has a value.
  function nearest(question, found, domain) {
    const ends = [...found.parts, domain, { low: 0, high: 1 }].flatMap(({ low, high }) => [low, high]);
    const known = ends.filter((x) => !far(x) && compare(domain.low, x) <= 0 && compare(x, domain.high) <= 0 && question.gap(x) !== null);
    const off = (x) => size(question.gap(x));
    return known.reduce((best, x) => (best === null || compare(off(x), off(best)) < 0 ? x : best), null);
  }

  return Object.freeze({ Question, find, nearest, right, LISTED });
})();
