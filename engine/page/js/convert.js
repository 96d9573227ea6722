// The value a text (or a value of a foreign file) gives an input: read by its type, held to its bounds and choices.
const Convert = (() => {
  const ARTICLE = { integer: "a whole number", number: "a number", boolean: "true or false", choice: "one of its words", list: "a list" };

  class Refused extends Error {}
  const refuse = (name, message) => {
    throw new Refused(`\`${name}\` ${message}`);
  };

  // A number as JSON writes it, kept as text where JavaScript would change it: { n: "1e-05" }.
  const textOf = (node) => (node !== null && typeof node === "object" && typeof node.n === "string" ? node.n : String(node));
  const isScalar = (node) => node === null || typeof node !== "object" || typeof node.n === "string";
  const isBare = (node) => typeof node !== "string";

  // `name` is what the messages call it; `foreign`: whether somebody else's file is read.
  function convert(item, node, name, { commas = false, foreign = false } = {}) {
    if (item.type === "list") return list(item, node, name, foreign);
    if (!isScalar(node)) refuse(name, `is ${ARTICLE[item.type]}, not ${Array.isArray(node) ? "a list" : "a map"}`);
    if (node === null) refuse(name, "has no value here");
    const text = textOf(node);
    if (item.type === "boolean") {
      if (text !== "true" && text !== "false") refuse(name, `is true or false, not \`${text}\``);
      return text === "true";
    }
    return item.type === "choice" ? choice(item, text, name) : number(item, text, name, commas);
  }

  function number(item, text, name, commas) {
    let value;
    try {
      value = Quantity.read(text, item.unit, commas);
    } catch (error) {
      if (!(error instanceof Quantity.Unreadable || error instanceof Exact.Undefined)) throw error;
      refuse(name, `is ${ARTICLE[item.type]}; \`${text}\`: ${error.message}`);
    }
    const trouble = outside(item, value);
    if (trouble) refuse(name, trouble);
    return value;
  }

  // Why a number is not one the input may have; empty when it may.
  function outside(item, value) {
    if (item.type === "integer" && typeof value !== "number" && !Exact.whole(value))
      return `is a whole number, not ${Quantity.grouped(value)}`;
    if (item.low !== undefined && Exact.compare(value, item.low) < 0)
      return `is at least ${Quantity.grouped(item.low)}, not ${Quantity.grouped(value)}`;
    if (item.high !== undefined && Exact.compare(value, item.high) > 0)
      return `is at most ${Quantity.grouped(item.high)}, not ${Quantity.grouped(value)}`;
    if (item.choices?.length && !item.choices.some((each) => Exact.equal(each, value))) {
      return `is one of ${item.choices.slice(0, 12).join(", ")}, not ${Quantity.grouped(value)}`;
    }
    return "";
  }

  const kindOf = (value) =>
    Exact.isNumber(value) ? "number" : Array.isArray(value) ? "list" : typeof value === "boolean" ? "boolean" : "choice";

  // Why a computed value is not one the input may have; empty when it may.
  function unfit(item, value) {
    const kind = kindOf(value);
    const wanted = item.type === "integer" ? "number" : item.type;
    if (kind !== wanted) return `is ${ARTICLE[item.type]}, not ${value}`;
    if (kind === "number") return outside(item, value);
    if (kind === "choice" && !item.choices.includes(value)) return `is one of ${item.choices.slice(0, 12).join(", ")}, not ${value}`;
    return "";
  }

  function choice(item, text, name) {
    if (item.choices.includes(text)) return text;
    if (item.otherwise) return item.otherwise;
    return refuse(name, `is one of ${item.choices.slice(0, 12).join(", ")}${item.choices.length > 12 ? " …" : ""}; not \`${text}\``);
  }

  function list(item, node, name, foreign) {
    if (isScalar(node) && foreign) {
      return item.letters ? [...textOf(node)].map((letter) => item.letters[letter] ?? letter) : [element(node)];
    }
    if (isScalar(node)) refuse(name, `is a list: write \`[${textOf(node)}]\``);
    if (!Array.isArray(node)) return Object.keys(node);
    return node.map((each) => {
      if (isScalar(each)) return element(each);
      if (foreign) return Array.isArray(each) ? each.length : Object.keys(each).length;
      return refuse(name, "is a list of numbers or words");
    });
  }

  function element(node) {
    const text = textOf(node);
    if (!isBare(node)) return text;
    try {
      return Quantity.read(text);
    } catch (error) {
      if (error instanceof Quantity.Unreadable) return text;
      throw error;
    }
  }

  // What a person types for an input: a list in brackets, else one value.
  function typed(item, text) {
    const found = /^\s*\[(.*)\]\s*$/s.exec(text);
    if (item.type !== "list" || !found || /[[\]]/.test(found[1]) || /(^|,)\s*,|,\s*$/.test(found[1])) return text.trim();
    const parts = found[1].split(",").map((part) => part.trim());
    return parts.filter((part) => part !== "").map((part) => ({ n: part }));
  }

  return Object.freeze({ Refused, convert, outside, unfit, typed, isScalar, textOf });
})();
