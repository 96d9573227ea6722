// Exact numbers of any size. A whole number below 2^53 is a JavaScript number; every other one is a Fraction of two BigInts.
const Exact = (() => {
  const MAX = Number.MAX_SAFE_INTEGER;
  const BITS = 4096n;

  class Undefined extends Error {}

  class Fraction {
    constructor(above, below) {
      this.above = above;
      this.below = below;
    }
    toString() {
      return this.below === 1n ? `${this.above}` : `${this.above}/${this.below}`;
    }
  }

  const large = (value) => (value < 0n ? -value : value) >> BITS;
  const divisor = (a, b) => {
    while (b) [a, b] = [b, a % b];
    return a < 0n ? -a : a;
  };

  // The number above / below, in its one form.
  function made(above, below) {
    if (below !== 1n) {
      if (below < 0n) [above, below] = [-above, -below];
      const common = divisor(above, below);
      if (common !== 1n) [above, below] = [above / common, below / common];
    }
    return below === 1n && above <= MAX && above >= -MAX ? Number(above) : new Fraction(above, below);
  }

  const TOO_LARGE = "the number is too large: more than 4,096 bits";

  // The number, when it is inside the bound that a value of a formula has.
  function kept(value) {
    if (value instanceof Fraction && (large(value.above) || large(value.below))) throw new Undefined(TOO_LARGE);
    return value;
  }

  function above(value) {
    if (typeof value === "number") return BigInt(value);
    if (value instanceof Fraction) return value.above;
    throw new Undefined(`a number is needed here, and the list has the word \`${value}\``);
  }
  const below = (value) => (typeof value === "number" ? 1n : value.below);

  const safe = (value) => value <= MAX && value >= -MAX;
  const both = (a, b) => typeof a === "number" && typeof b === "number";

  function add(a, b) {
    if (both(a, b)) {
      const sum = a + b;
      if (safe(sum)) return sum;
    }
    return made(above(a) * below(b) + above(b) * below(a), below(a) * below(b));
  }

  function negative(a) {
    if (typeof a === "number") return a === 0 ? 0 : -a;
    return new Fraction(-above(a), a.below);
  }

  function subtract(a, b) {
    if (both(a, b)) {
      const rest = a - b;
      if (safe(rest)) return rest;
    }
    return made(above(a) * below(b) - above(b) * below(a), below(a) * below(b));
  }

  function multiply(a, b) {
    if (both(a, b)) {
      const product = a * b;
      if (safe(product)) return product === 0 ? 0 : product;
    }
    return made(above(a) * above(b), below(a) * below(b));
  }

  function divide(a, b) {
    if (b === 0) throw new Undefined("division by zero");
    if (both(a, b) && a % b === 0) return a === 0 ? 0 : a / b;
    return made(above(a) * below(b), below(a) * above(b));
  }

  function floorOf(top, bottom) {
    const quotient = top / bottom;
    return top % bottom < 0n ? quotient - 1n : quotient;
  }

  const floor = (a) => (typeof a === "number" ? a : made(floorOf(above(a), a.below), 1n));
  const ceil = (a) => (typeof a === "number" ? a : made(-floorOf(-above(a), a.below), 1n));

  function modulo(a, b) {
    if (b === 0) throw new Undefined("remainder by zero");
    if (both(a, b)) {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest === 0 ? 0 : rest;
    }
    return subtract(a, multiply(b, floor(divide(a, b))));
  }

  function floorDivide(a, b) {
    if (b === 0) throw new Undefined("division by zero");
    if (both(a, b)) {
      const whole = a - modulo(a, b);
      if (safe(whole)) return whole === 0 ? 0 : whole / b;
    }
    return floor(divide(a, b));
  }

  function power(base, exponent) {
    if (typeof exponent !== "number") {
      above(exponent);
      throw new Undefined(exponent.below === 1n ? "an exponent is at most 64 in size" : "an exponent is a whole number");
    }
    if (Math.abs(exponent) > 64) throw new Undefined(`an exponent is at most 64 in size, not ${exponent}`);
    if (exponent < 0 && base === 0) throw new Undefined("division by zero: 0 to a negative power");
    const size = BigInt(Math.abs(exponent));
    let [top, bottom] = [above(base), below(base)];
    if (Math.max(bits(top), bits(bottom)) * Number(size) > 8192) throw new Undefined(TOO_LARGE);
    if (exponent < 0) [top, bottom] = [bottom, top];
    return made(top ** size, bottom ** size);
  }
  const bits = (value) => (value < 0n ? -value : value).toString(2).length - (value === 0n ? 1 : 0);

  function roundUp(value, multiple) {
    if (compare(multiple, 0) <= 0) throw new Undefined("the multiple of round_up is above 0");
    return multiply(ceil(divide(value, multiple)), multiple);
  }

  // Below 0, 0 or above 0, as a is below, at or above b.
  function compare(a, b) {
    if (both(a, b)) return a - b;
    const left = above(a) * below(b);
    const right = above(b) * below(a);
    return left < right ? -1 : left > right ? 1 : 0;
  }

  function equal(a, b) {
    return a === b || (a instanceof Fraction && b instanceof Fraction && a.above === b.above && a.below === b.below);
  }

  const isNumber = (value) => typeof value === "number" || value instanceof Fraction;
  const whole = (value) => typeof value === "number" || value.below === 1n;
  const magnitude = (value) => (compare(value, 0) < 0 ? negative(value) : value);

  // The nearest float, for drawing only.
  function float(value) {
    if (typeof value === "number") return value;
    const shift = BigInt(Math.max(0, bits(value.below) - 900, bits(value.above) - 900));
    return Number(value.above >> shift) / Number(value.below >> shift || 1n);
  }

  // A number from digits, or from `above/below`.
  function parse(text) {
    const [top, bottom] = text.split("/");
    return made(BigInt(top), BigInt(bottom ?? 1));
  }

  return Object.freeze({
    Undefined,
    Fraction,
    made,
    kept,
    add,
    subtract,
    multiply,
    divide,
    floorDivide,
    modulo,
    negative,
    power,
    ceil,
    floor,
    roundUp,
    compare,
    equal,
    isNumber,
    whole,
    magnitude,
    float,
    parse,
  });
})();
