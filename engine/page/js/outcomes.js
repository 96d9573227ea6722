// What is known of conditions and words while one unknown moves: their possible values, and how a condition turns
// (engine/solve/outcomes.py).
const Outcomes = (() => {
  const { Span, sign, constant } = Spans;
  const [ODD, UP, DOWN, STILL] = [0, 1, -1, 2];

  // The values a condition or a word can have (a Set; null where they are not known). `turn` says how a condition changes as the unknown
  // grows: at most once from false to true (UP) or back (DOWN), not at all (STILL), or in some other way (ODD).
  class Options {
    constructor(values, fixed = false, turn = ODD) {
      this.values = values;
      this.fixed = fixed;
      this.turn = turn;
      const one = values !== null && values.size === 1;
      this.sure = one && values.has(true);
      this.never = one && values.has(false);
    }
  }
  const HOLDS = new Options(new Set([true]), true);
  const EITHER = new Set([true, false]);

  function knownOf(value) {
    if (typeof value === "boolean" || typeof value === "string") return new Options(new Set([value]), true);
    return Array.isArray(value) ? value : constant(value, true);
  }

  // A rule that does not apply counts 0, which is no word and not true.
  function optionsOf(known) {
    if (known instanceof Options) return known;
    return known instanceof Span && known.low === 0 && known.high === 0 ? new Options(new Set([false]), known.fixed) : new Options(null);
  }

  function union(found) {
    return new Options(found.some(({ values }) => values === null) ? null : new Set(found.flatMap(({ values }) => [...values])));
  }

  // Whether two words or conditions are equal or not.
  function sameWords(operator, a, b) {
    if (a.values === null || b.values === null) return new Options(EITHER);
    const equals = operator === "==";
    const outcomes = new Set();
    if ([...a.values].some((value) => b.values.has(value))) outcomes.add(equals);
    if (new Set([...a.values, ...b.values]).size > 1) outcomes.add(!equals);
    return new Options(outcomes, a.fixed && b.fixed);
  }

  // The signs a difference can have on a piece.
  function signsOf(piece, gap) {
    const strict = piece.open && gap.line !== null && gap.line[0] !== 0;
    const [low, high] = [sign(gap.low), sign(gap.high)];
    const level = strict ? low < 0 && high > 0 : low <= 0 && high >= 0;
    return [low < 0 && -1, level && 0, high > 0 && 1].filter((each) => each !== false);
  }

  // How the comparison of a difference with 0 changes as the unknown grows.
  function turnOf(operator, gap) {
    if (gap.least === 0 && gap.most === 0) return STILL;
    const way = gap.rises ? UP : gap.falls ? DOWN : ODD;
    if (operator[0] === ">") return way;
    if (operator[0] === "<") return way && -way;
    if (sign(gap.low) < 0 && sign(gap.high) > 0) return ODD;
    const equals = sign(gap.low) >= 0 ? way && -way : way;
    return operator === "==" ? equals : equals && -equals;
  }

  // Whether a difference of this sign passes.
  function passes(operator, way) {
    if (operator === "!=") return way !== 0;
    return way === 0 ? operator[1] === "=" : operator[0] === (way < 0 ? "<" : ">");
  }

  // The span of a node, which used what its parts used.
  const used = (span, ...parts) => span.with(parts.every((part) => part.fixed));

  // One of these, it is not known which; `fixed` when what picks it does not move.
  function oneOf(found, fixed) {
    const [only] = found;
    if (found.length === 1) {
      if (only instanceof Span) return only.with(only.fixed && fixed);
      return only instanceof Options ? new Options(only.values, only.fixed && fixed, only.turn) : only;
    }
    if (found.every((known) => known instanceof Span)) return Spans.either(found).with(false);
    return found.some(Array.isArray) ? new Options(null) : union(found.map(optionsOf));
  }

  // One of two, by a condition that is not decided.
  function switched(holds, yes, no) {
    if (holds.turn === ODD || !(yes instanceof Span && no instanceof Span)) return oneOf([yes, no], false);
    const united = holds.turn === STILL ? Spans.eitherStill(yes, no) : holds.turn === UP ? Spans.oneThen(no, yes) : Spans.oneThen(yes, no);
    return united.with(false);
  }

  return Object.freeze({
    Options,
    HOLDS,
    EITHER,
    ODD,
    UP,
    DOWN,
    STILL,
    knownOf,
    optionsOf,
    sameWords,
    signsOf,
    turnOf,
    passes,
    used,
    oneOf,
    switched,
  });
})();
