// Numbers as text, as Python writes them, text as numbers, names in text, and the numbers of all
// steps. Stands inside the function of walkthrough.js.

// As Python's format "g" has it: a tie, which the decimals of the number end in, goes to even.
function digits(x, count) {
  if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  // Most numbers are no tie and have no exponent.
  if (Math.abs(x) >= 1e-4 && !x.toPrecision(count + 1).includes("5", count)) {
    const near = +x.toPrecision(count);
    if (Math.abs(near) < 10 ** count) return String(near);
  }
  const longer = x.toExponential(count);
  const isTie = /[02468]\.?5e/.test(longer) &&
    x.toExponential(100).replace(/0+e/, "e") === longer;
  const text = isTie ? longer.replace(/\.?5e/, "e") : x.toExponential(count - 1);
  const [sign, mantissa, power] = /^(-?)([\d.]+)e(.*)$/.exec(text).slice(1);
  const e = +power, all = mantissa.replace(".", "");
  const trimmed = (number) => (number.includes(".") ? number.replace(/\.?0*$/, "") : number);
  if (e < -4 || e >= count) {
    const size = String(Math.abs(e)).padStart(2, "0");
    return `${sign}${trimmed(mantissa)}e${e < 0 ? "-" : "+"}${size}`;
  }
  if (e < 0) return sign + trimmed(`0.${"0".repeat(-e - 1)}${all}`);
  return sign + trimmed(`${all.slice(0, e + 1)}.${all.slice(e + 1)}`);
}
function textOf(x, most, count) {
  if (Math.abs(x) < most && Number.isInteger(x)) return Object.is(x, -0) ? "-0" : String(x);
  return digits(x, count);
}
const figure = (x) => textOf(x, 1e9, 6), brief = (x) => textOf(x, 1e6, 4);
const tone = (x) => (x !== x ? "nan" : x > 0 ? "positive" : x < 0 ? "negative" : "zero");

// Names that run from right to left, set apart from the numbers and signs beside them as
// autograd/escaping.py does.
const RIGHT = "\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}";
const LEFTWARDS = ["", "(?: ", ")*"]
  .join(`[${RIGHT}](?:(?![\\u00b2\\u00b3\\u00b9\\u2070-\\u2079])[\\p{L}\\p{N}_${RIGHT}])*`);
const apart = (text) => text.replace(new RegExp(LEFTWARDS, "gu"), "\u2068$&\u2069");

// A number as people write it, or a product or a quotient of two; undefined for anything else.
const plain = (text) => text.trim().replace(/[−–]/g, "-").replace(",", ".");
function read(text) {
  const words = plain(text).toLowerCase();
  if (/^[-+]?inf(inity)?$/.test(words)) return words[0] === "-" ? -Infinity : Infinity;
  if (words === "nan") return NaN;
  const found = /^([^*×·/]+)(?:([*×·/])([^*×·/]+))?$/.exec(words);
  if (!found) return undefined;
  const numbers = [found[1], found[3] || "1"].map((s) => s.trim().replace(/^\((.*)\)$/, "$1"));
  if (!numbers.every((s) => /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(s))) return undefined;
  return found[2] === "/" ? numbers[0] / numbers[1] : numbers[0] * numbers[1];
}
// Three significant digits are enough.
function same(got, wanted) {
  if (Number.isNaN(wanted)) return Number.isNaN(got);
  if (!Number.isFinite(wanted)) return got === wanted;
  return Math.abs(got - wanted) <= 0.006 * Math.abs(wanted);
}

// Whether the form of books has lost its digits, as a walk in Python tells.
function lost(value, right) {
  if (right !== right || figure(value) === figure(right)) return false;
  return Math.abs(right) === Infinity || !(Math.abs(value - right) <= 1e-6 * Math.abs(right));
}
// Takes the numbers that the leaves give into all nodes and steps, and returns them.
function computed(leaves) {
  const found = compute(leaves), sums = nodes.map((_, i) => (i === last ? 1 : 0));
  const books = inBooks ? inBooks([], found.values) : [];
  let next = 0;
  nodes.forEach((node, i) => { node[2] = figure(found.values[i]); });
  uses.forEach((u, k) => {
    const operand = u[USE.operand], before = sums[operand], part = found.contributions[k];
    if (found.flows[k] !== 0) sums[operand] += part;
    const book = u[USE.booked] === undefined ? undefined : books[next++];
    u.numbers = [found.gradients[u[USE.node]], found.partials[k], part, before, sums[operand], book];
  });
  return found;
}
// A step with its numbers written: of some hundred steps few are shown.
function written(u) {
  if (!u.numbers) return u;
  const [upstream, slope, part, before, after, book] = u.numbers;
  u.numbers = null;
  [upstream, slope, part, before, after].forEach((x, i) => { u[USE.upstream + i] = figure(x); });
  u[USE.short] = brief(after);
  u[USE.exact] = Number.isFinite(part) ? String(part) : figure(part);
  u[USE.tone] = tone(after);
  if (u[USE.booked] !== undefined) {
    u[USE.floats] = inBooks && lost(book, slope) ? `, ${figure(book)} in floats` : "";
  }
  return u;
}
