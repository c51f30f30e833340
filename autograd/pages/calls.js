// Calls of the grammar: what a function makes of its operands, numbers or nodes, and what it says
// of those it refuses, in the words of Python's own functions. Stands behind grammar.js.

class Refusal extends Error {}

function refuse(words, parts = {}) {
  throw new Refusal(said(words, parts));
}

// A row applied to operands: a node where one of them is, else a number.
function apply(parser, row, operands) {
  if (operands.some(Array.isArray)) refuse(WORDS.listed);
  if (!Object.hasOwn(ROWS, row)) refuse(WORDS.absent, { row });
  const own = ROWS[row].at[operands.length];
  if (!own) refuse(WORDS.many, { row, most: WORDS.most });
  const data = operands.map((x) => (isNode(x) ? x.value : x));
  const [value] = own(data);
  if (!operands.some(isNode)) return value;
  return { row, operands, value, label: "", birth: parser.births++ };
}

function called(parser, name, f, operands) {
  const own = Object.hasOwn(MADE_OF_ROWS, name) ? MADE_OF_ROWS[name] : null;
  if (own) return own((row, xs) => apply(parser, row, xs), f, ...operands);
  if (f.written) return calledWithLists(parser, name, f, operands);
  if (f.arity === null) {
    if (!operands.length && typeof f.nothing === "number") return f.nothing;
    if (!operands.length) refuse(f.nothing);
    if (operands.length === 1 && Array.isArray(operands[0])) refuse(f.alone);
  }
  for (const [k, words] of Object.entries(f.refused)) {
    if (Array.isArray(operands[k])) refuse(WORDS.listed);
    if (isNode(operands[k])) refuse(words);
  }
  if (f.crossed) {
    const [low, high] = operands.slice(-2);
    if (low > high) refuse(f.crossed, { low: exactText(low), high: exactText(high) });
  }
  return apply(parser, name, operands);
}

function calledWithLists(parser, name, f, operands) {
  for (const k of f.lists) {
    const x = operands[k];
    if (Array.isArray(x)) continue;
    refuse(isNode(x) ? f.single : f.number, { given: cutTo(written(x), 60) });
  }
  const lengths = f.lists.map((k) => operands[k].length);
  if (lengths.some((n) => n !== lengths[0])) refuse(f.unequal, { n: lengths[0], m: lengths[1] });
  if (!lengths[0] && typeof f.nothing === "number") return f.nothing;
  if (!lengths[0]) refuse(f.nothing);
  const flat = operands.flatMap((x, k) => (f.lists.includes(k) ? x : [x]));
  return apply(parser, name, flat);
}

// What is made of rows, as autograd/functions.py makes it.
const MADE_OF_ROWS = {
  mean(row, f, xs) {
    if (!xs.length) refuse(f.few, { least: 1, n: 0 });
    const total = row("sum", xs);
    return xs.length > 1 ? row("mul", [total, 1 / xs.length]) : total;
  },

  variance(row, f, xs, ddof = 0) {
    const isWhole = Number.isInteger(ddof);
    const given = isWhole ? wholeText(BigInt(ddof)) : cutTo(written(ddof), 60);
    if (!isWhole) refuse(f.whole, { given });
    if (ddof < 0) refuse(f.below, { given });
    if (ddof > f.largest) refuse(f.above, { given });
    if (xs.length <= ddof) refuse(f.few, { least: ddof + 1, n: xs.length });
    const middle = MADE_OF_ROWS.mean(row, f, xs);
    const squares = xs.map((x) => row("square", [row("sub", [x, middle])]));
    return row("mul", [row("sum", squares), 1 / (xs.length - ddof)]);
  },

  norm(row, f, xs) {
    if (!xs.length) refuse(f.few, { least: 1, n: 0 });
    if (xs.length === 1 && Array.isArray(xs[0])) refuse(f.alone);
    return row("hypot", xs);
  },
};

// Numbers of very many digits are not written out.
function wholeText(n) {
  const size = n < 0n ? -n : n;
  return size < 10n ** 20n ? String(n) : `about 2**${size.toString(2).length}`;
}
