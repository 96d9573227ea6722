// Numbers as people write them, and back: the same texts as the command line takes and prints.
const Quantity = (() => {
  const { add, divide, multiply, compare, negative, magnitude, floor, parse } = Exact;
  const NUMBER = String.raw`(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?`;
  const QUANTITY = new RegExp(String.raw`^([+-]?)(${NUMBER})(?:\s*/\s*([0-9][0-9_]*))?\s*(%|[A-Za-z]*)$`);
  const COMMAS = /^[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?=$|\s|[A-Za-z%])/;
  const SCALE = new Map([["", 1]]);
  ["k", "M", "G", "T", "P", "E"].forEach((letter, step) => {
    SCALE.set(letter, parse(`1${"000".repeat(step + 1)}`));
    SCALE.set(`${letter === "k" ? "K" : letter}i`, Exact.power(1024, step + 1));
  });

  class Unreadable extends Error {}
  const refuse = (message) => {
    throw new Unreadable(message);
  };

  // The exact value of a number as a formula writes it.
  function literal(text) {
    if (text.length > 60) refuse("a number has at most 60 characters");
    const [mantissa, exponent] = text.replaceAll("_", "").toLowerCase().split("e");
    if (exponent && Math.abs(Number(exponent)) > 60) refuse("an exponent of ten is at most 60");
    const [units, decimals = ""] = mantissa.split(".");
    if (units.length > 1 && units.startsWith("0")) {
      refuse(`a leading zero is ambiguous: write ${units.replace(/^0+/, "") || "0"}${decimals ? `.${decimals}` : ""}`);
    }
    const scale = Number(exponent || 0) - decimals.length;
    const ten = 10n ** BigInt(Math.abs(scale));
    const digits = BigInt(units + decimals || "0");
    return scale >= 0 ? Exact.made(digits * ten, 1n) : Exact.made(digits, ten);
  }

  // The exact value of a quantity. `unit`: only bytes may carry a B. `commas`: whether `1,000` is a number.
  function read(given, unit = "", commas = false) {
    let text = given.trim();
    if (text.length > 60) refuse("a number has at most 60 characters");
    if (/[^\x00-\x7f]/.test(text)) refuse("digits are 0 to 9");
    if (text.includes(",")) {
      if (!commas) refuse(`no commas in a number here: write ${text.replaceAll(",", "_")} or ${text.replaceAll(",", "")}`);
      if (COMMAS.test(text.replace(/^[+-]+/, ""))) text = text.replaceAll(",", "");
    }
    const found = QUANTITY.exec(text);
    if (!found) refuse(notNumber(text));
    const [, sign, number, under, suffix] = found;
    let value = literal(number);
    if (under) {
      const bottom = Exact.made(BigInt(under.replaceAll("_", "")), 1n);
      if (bottom === 0) refuse("division by zero");
      value = divide(value, bottom);
    }
    if (sign === "-") value = negative(value);
    if (suffix === "%") return divide(value, 100);
    return suffix ? multiply(value, scaleOf(suffix, unit)) : value;
  }

  function notNumber(text) {
    if (/^[0-9]+(:[0-9]+)+$/.test(text)) return "not a number: base-60 and times of day are not read";
    if (/^0[xob][0-9a-fA-F_]+$/.test(text)) return "not a number: write it in decimal";
    return /^[+.-]*(inf|nan|infinity)$/i.test(text) ? "not a finite number" : "not a number";
  }

  function scaleOf(suffix, unit) {
    const prefix = suffix.endsWith("B") ? suffix.slice(0, -1) : suffix;
    if (SCALE.has(prefix)) {
      if (suffix.endsWith("B") && unit !== "byte") {
        const what = unit && unit !== "count" ? `a count of ${unit}s` : "a count";
        refuse(`\`${suffix}\` is bytes, and this is ${what}: write it without the B`);
      }
      return SCALE.get(prefix);
    }
    const [letter, rest] = [suffix[0].toUpperCase(), suffix.slice(1)];
    if ("kKMGTPE".includes(suffix[0]) && ["b", "ib", "bit"].includes(rest)) {
      refuse(`\`${suffix}\` is bits: write ${suffix[0].replace("K", "k")}B (powers of ten) or ${letter}iB (powers of two)`);
    }
    if ("KMGTPE".includes(letter) && ["", "b", "i", "ib"].includes(rest.toLowerCase())) {
      const end = suffix.at(-1).toLowerCase() === "b" ? "B" : "";
      const small = letter === "K" ? "k" : letter;
      refuse(`\`${suffix}\` is ambiguous: write ${small}${end} (powers of ten) or ${letter}i${end} (powers of two)`);
    }
    return refuse(`unknown suffix \`${suffix}\`: use k M G T P E, Ki Mi Gi Ti Pi Ei, %${unit === "byte" ? ", with B for bytes" : ""}`);
  }

  const triples = (digits) => `${digits}`.replace(/\B(?=([0-9]{3})+$)/g, ",");

  // Digits in groups of three: `1,234`, `4.25`, or `1/3` where decimals would not end.
  function grouped(value) {
    if (Exact.whole(value)) return `${compare(value, 0) < 0 ? "-" : ""}${triples(magnitude(value))}`;
    let [rest, twos, fives] = [value.below, 0, 0];
    for (; rest % 2n === 0n; rest /= 2n) twos += 1;
    for (; rest % 5n === 0n; rest /= 5n) fives += 1;
    const places = Math.max(twos, fives);
    const size = value.above < 0n ? -value.above : value.above;
    const sign = value.above < 0n ? "-" : "";
    if (rest !== 1n || places > 6) return `${sign}${triples(size)}/${triples(value.below)}`;
    const digits = (size * 10n ** BigInt(places)) / value.below;
    const ten = 10n ** BigInt(places);
    return `${sign}${triples(digits / ten)}.${`${digits % ten}`.padStart(places, "0")}`;
  }

  const HALF = Exact.made(1n, 2n);

  function decimals(value, places) {
    const ten = 10 ** places;
    const digits = floor(add(multiply(magnitude(value), ten), HALF));
    const text = triples(Exact.floorDivide(digits, ten));
    return places ? `${text}.${`${Exact.modulo(digits, ten)}`.padStart(places, "0")}` : text;
  }

  // The value for reading: bytes in KiB, MiB, GiB …, other large numbers with k, M, B, T.
  function readable(value, unit = "") {
    const sign = compare(value, 0) < 0 ? "-" : "";
    let size = magnitude(value);
    const bytes = unit === "byte";
    const steps = bytes ? ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] : ["", "k", "M", "B", "T"];
    const base = bytes ? 1024 : 1000;
    if (!bytes && compare(size, 10000) < 0) {
      return sign + (Exact.whole(size) ? grouped(size) : decimals(size, 3).replace(/0+$/, "").replace(/\.$/, ""));
    }
    let step = 0;
    for (; compare(size, base) >= 0 && step < steps.length - 1; step += 1) size = divide(size, base);
    if (step === 0) return `${sign}${Exact.whole(size) ? grouped(size) : decimals(size, 2)} ${steps[0]}`.trim();
    return `${sign}${decimals(size, compare(size, 100) < 0 ? 2 : 1)}${bytes ? " " : ""}${steps[step]}`;
  }

  // A share in percent, as the table of the command line prints it.
  function share(part, total) {
    if (compare(total, 0) === 0) return "";
    const hundredths = divide(multiply(100, part), total);
    if (compare(part, 0) > 0 && compare(hundredths, divide(1, 10)) < 0) return "< 0.1 %";
    return `${compare(hundredths, 0) < 0 ? "-" : ""}${decimals(hundredths, 1)} %`;
  }

  return Object.freeze({ Unreadable, literal, read, grouped, decimals, readable, share });
})();
