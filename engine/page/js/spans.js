// Numbers that depend on one unknown, known by an interval and by how steeply they change (engine/solve/spans.py).
//
// An end is an exact number, or Infinity or -Infinity: the marks of no end, which never enter a calculation.
const Spans = (() => {
  const { floor, ceil, equal, negative: minus, add: sum, subtract: less, multiply: product, divide: ratio } = Exact;
  const FAR = Infinity;
  const LARGEST = 12288n;
  const HIGHEST = 64;

  // The whole numbers from `low` to `high`, or, unless `grid`, the numbers strictly between them (or one number).
  class Piece {
    constructor(low, high, grid) {
      this.low = low;
      this.high = high;
      this.grid = grid;
      this.point = equal(low, high);
      this.open = !grid && !this.point;
    }
  }

  // A number f(x) on a piece lies between `low` and `high`, and each of its slopes between `least` and `most`. `line`: [slope, offset]
  // where it is one. `fixed`: the unknown was not used at all.
  class Span {
    constructor(low, high, least, most, whole = false, line = null, fixed = false) {
      this.low = low;
      this.high = high;
      this.least = least;
      this.most = most;
      this.whole = whole;
      this.line = line;
      this.fixed = fixed;
    }
    get rises() {
      return sign(this.least) >= 0;
    }
    get falls() {
      return sign(this.most) <= 0;
    }
    get wanders() {
      return sign(this.least) < 0 && sign(this.most) > 0;
    }
    // Whether it is one number that does not change.
    get still() {
      return this.line !== null && this.line[0] === 0;
    }
    with(fixed) {
      return fixed === this.fixed ? this : new Span(this.low, this.high, this.least, this.most, this.whole, this.line, fixed);
    }
  }

  const ANYTHING = new Span(-FAR, FAR, -FAR, FAR);

  const far = (end) => end === FAR || end === -FAR;
  const sign = (end) => (typeof end === "number" ? Math.sign(end) : end.above < 0n ? -1 : 1);

  // Below 0, 0 or above 0, as a is below, at or above b.
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
    if (far(a)) return a;
    return far(b) ? -b : Exact.compare(a, b);
  }
  const least = (...ends) => ends.reduce((a, b) => (compare(b, a) < 0 ? b : a));
  const most = (...ends) => ends.reduce((a, b) => (compare(b, a) > 0 ? b : a));
  const size = (end) => (sign(end) < 0 ? minus(end) : end);
  const apart = (low, high) => (far(low) || far(high) ? FAR : less(high, low));

  // The sum of two ends; two marks that are added are the same.
  function plus(a, b) {
    if (far(a)) return a;
    return far(b) ? b : sum(a, b);
  }

  // The product of two ends; 0 times no end is 0.
  function times(a, b) {
    if (a === 0 || b === 0) return 0;
    if (far(a) || far(b)) return sign(a) === sign(b) ? FAR : -FAR;
    return product(a, b);
  }

  const raise = (base, exponent) => new Array(exponent).fill(base).reduce(product, 1);

  const isWhole = (value) => typeof value === "number" || value.below === 1n;
  const constant = (value, fixed = false) => new Span(value, value, 0, 0, isWhole(value), [0, value], fixed);

  function straight(piece, slope, offset, grid) {
    if (slope === 0) return constant(offset);
    const ends = [plus(times(slope, piece.low), offset), plus(times(slope, piece.high), offset)];
    if (sign(slope) < 0) ends.reverse();
    return kept(new Span(ends[0], ends[1], slope, slope, grid, [slope, offset]));
  }

  const wide = (value) => (value < 0n ? -value : value) >> LARGEST;
  const large = (end) => typeof end !== "number" && Boolean(wide(end.above) || wide(end.below));

  // The span without ends that are too long to calculate with.
  function kept(span) {
    if (!large(span.low) && !large(span.high) && !large(span.least) && !large(span.most)) return span;
    const down = large(span.least) ? (span.rises ? 0 : -FAR) : span.least;
    const up = large(span.most) ? (span.falls ? 0 : FAR) : span.most;
    return new Span(large(span.low) ? -FAR : span.low, large(span.high) ? FAR : span.high, down, up, span.whole, null, span.fixed);
  }

  function add(piece, a, b) {
    const grid = a.whole && b.whole;
    if (a.line && b.line) return straight(piece, sum(a.line[0], b.line[0]), sum(a.line[1], b.line[1]), grid);
    return kept(new Span(plus(a.low, b.low), plus(a.high, b.high), plus(a.least, b.least), plus(a.most, b.most), grid));
  }

  function negative(span) {
    const line = span.line && span.line.map(minus);
    return new Span(minus(span.high), minus(span.low), minus(span.most), minus(span.least), span.whole, line, span.fixed);
  }

  const subtract = (piece, a, b) => add(piece, a, negative(b));

  function corners(a, b, c, d) {
    const found = [times(a, c), times(a, d), times(b, c), times(b, d)];
    return [least(...found), most(...found)];
  }

  function multiply(piece, a, b) {
    if (a.still) return scaled(piece, b, a.line[1]);
    if (b.still) return scaled(piece, a, b.line[1]);
    const [low, high] = corners(a.low, a.high, b.low, b.high);
    const one = corners(a.low, a.high, b.least, b.most);
    const two = corners(b.low, b.high, a.least, a.most);
    return kept(new Span(low, high, plus(one[0], two[0]), plus(one[1], two[1]), a.whole && b.whole));
  }

  function scaled(piece, span, by) {
    const grid = span.whole && isWhole(by);
    if (span.line) return straight(piece, product(span.line[0], by), product(span.line[1], by), grid);
    return kept(new Span(...corners(span.low, span.high, by, by), ...corners(span.least, span.most, by, by), grid));
  }

  // Whether the number may be 0.
  function zero(piece, span) {
    if (sign(span.low) > 0 || sign(span.high) < 0) return false;
    return !(piece.open && span.line && span.line[0] !== 0 && (span.low === 0 || span.high === 0));
  }

  const inverse = (end) => (far(end) ? 0 : ratio(1, end));

  // `1 / span` where it is not 0 (else nothing is known).
  function reciprocal(piece, span) {
    if (span.still && span.line[1] !== 0) return constant(ratio(1, span.line[1]));
    if (zero(piece, span)) return ANYTHING;
    const high = span.low === 0 ? FAR : inverse(span.low);
    const low = span.high === 0 ? -FAR : inverse(span.high);
    const steep = corners(low, high, low, high);
    return kept(new Span(low, high, ...corners(minus(span.most), minus(span.least), ...steep)));
  }

  const divide = (piece, a, b) => multiply(piece, a, reciprocal(piece, b));

  // A power whose exponent is known.
  function power(piece, base, exponent) {
    if (exponent === 0) return constant(1);
    if (exponent === 1) return base;
    if (base.still && (exponent > 0 || base.line[1] !== 0)) {
      const value = raise(base.line[1], Math.abs(exponent));
      return constant(exponent > 0 ? value : ratio(1, value));
    }
    if (exponent < 0) return zero(piece, base) ? ANYTHING : reciprocal(piece, power(piece, base, -exponent));
    const [low, high] = raised(base, exponent);
    const below = corners(...raised(base, exponent - 1), exponent, exponent);
    return kept(new Span(low, high, ...corners(...below, base.least, base.most), base.whole));
  }

  function raised(base, exponent) {
    const [low, high] = [base.low, base.high].map((end) => (far(end) ? (exponent % 2 ? end : FAR) : raise(end, exponent)));
    if (exponent % 2) return [low, high];
    return [sign(base.low) < 0 && sign(base.high) > 0 ? 0 : least(low, high), most(low, high)];
  }

  // A power whose exponent changes: known for a base of at least 1.
  function varyingPower(base, exponent) {
    if (compare(base.low, 1) < 0) return sign(base.low) < 0 ? ANYTHING : new Span(0, FAR, -FAR, FAR);
    const held = (end) => most(-HIGHEST, least(HIGHEST, end));
    const [low, high] = [floor(held(exponent.low)), ceil(held(exponent.high))];
    const ends = [base.low, base.high].flatMap((end) => [low, high].map((by) => endRaised(end, by)));
    const up = base.rises && exponent.rises && low >= 0;
    const down = base.falls && exponent.falls && low >= 0;
    return kept(new Span(least(...ends), most(...ends), up ? 0 : -FAR, down ? 0 : FAR, base.whole && low >= 0));
  }

  function endRaised(end, by) {
    if (by === 0) return 1;
    if (far(end)) return by > 0 ? FAR : 0;
    const value = raise(end, Math.abs(by));
    return by > 0 ? value : ratio(1, value);
  }

  function roundedDown(piece, span) {
    if (span.whole) return span;
    const low = far(span.low) ? span.low : floor(span.low);
    let high = far(span.high) ? span.high : floor(span.high);
    if (piece.open && !far(high) && span.line && span.line[0] !== 0 && equal(high, span.high)) high = less(high, 1);
    if (equal(low, high) && !far(low)) return constant(low);
    if (!piece.grid) return new Span(low, high, span.rises ? 0 : -FAR, span.falls ? 0 : FAR, true);
    const [down, up] = [plus(span.least, -1), plus(span.most, 1)];
    return new Span(low, high, span.rises ? most(0, down) : down, span.falls ? least(0, up) : up, true);
  }

  const roundedUp = (piece, span) => negative(roundedDown(piece, negative(span)));

  // `a % b`, which has the sign of b.
  function remainder(piece, a, b) {
    const whole = a.whole && b.whole;
    const into = roundedDown(piece, divide(piece, a, b));
    if (into.still) return subtract(piece, a, scaled(piece, b, into.line[1]));
    const low = sign(b.low) >= 0 ? 0 : plus(b.low, whole ? 1 : 0);
    const high = sign(b.high) <= 0 ? 0 : plus(b.high, whole ? -1 : 0);
    return new Span(low, high, -FAR, FAR, whole);
  }

  // `round_up(span, multiple)` for a multiple above 0.
  function roundedTo(piece, span, multiple) {
    if (!multiple.still) return new Span(span.low, plus(span.high, multiple.high), -FAR, FAR, multiple.whole);
    const by = multiple.line[1];
    return scaled(piece, roundedUp(piece, scaled(piece, span, ratio(1, by))), by);
  }

  function larger(piece, a, b) {
    const gap = subtract(piece, a, b);
    if (sign(gap.low) >= 0) return a;
    if (sign(gap.high) <= 0) return b;
    return new Span(most(a.low, b.low), most(a.high, b.high), least(a.least, b.least), most(a.most, b.most), a.whole && b.whole);
  }

  const smaller = (piece, a, b) => negative(larger(piece, negative(a), negative(b)));

  function absolute(span) {
    if (sign(span.low) >= 0) return span;
    if (sign(span.high) <= 0) return negative(span);
    const steep = most(size(span.least), size(span.most));
    return new Span(0, most(minus(span.low), span.high), minus(steep), steep, span.whole);
  }

  // Two lines over one piece are the same span when their slopes and offsets are.
  const same = (a, b) => a.whole === b.whole && a.fixed === b.fixed && b.line && a.line.every((part, at) => equal(part, b.line[at]));

  const outer = (spans) => [least(...spans.map((span) => span.low)), most(...spans.map((span) => span.high))];

  // One of these, it is not known which.
  function either(spans) {
    const [low, high] = outer(spans);
    if (equal(low, high) && !far(low)) return constant(low);
    if (spans[0].line && spans.every((span) => same(spans[0], span))) return spans[0];
    return new Span(
      low,
      high,
      -FAR,
      FAR,
      spans.every((span) => span.whole),
    );
  }

  // One of the two, the same one wherever the unknown is.
  const eitherStill = (a, b) => new Span(...outer([a, b]), least(a.least, b.least), most(a.most, b.most), a.whole && b.whole);

  // The first up to some place, the second from there on.
  function oneThen(a, b) {
    const found = either([a, b]);
    if (found.line) return found;
    const up = a.rises && b.rises && compare(b.low, a.high) >= 0;
    const down = a.falls && b.falls && compare(b.high, a.low) <= 0;
    return new Span(found.low, found.high, up ? 0 : -FAR, down ? 0 : FAR, found.whole);
  }

  return Object.freeze({
    Piece,
    Span,
    ANYTHING,
    FAR,
    HIGHEST,
    far,
    sign,
    compare,
    most,
    size,
    apart,
    plus,
    constant,
    straight,
    add,
    subtract,
    negative,
    multiply,
    divide,
    zero,
    power,
    varyingPower,
    roundedDown,
    roundedUp,
    remainder,
    roundedTo,
    larger,
    smaller,
    absolute,
    either,
    eitherStill,
    oneThen,
  });
})();
