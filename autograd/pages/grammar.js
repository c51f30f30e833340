// Expressions as people type them, made into graphs in the page: the grammar of the command, its
// words and its faults, which come as WORDS from Python. A fault points at a character, counted as
// Python counts them, by code points; numbers are computed by the rows in ROWS.

class Fault extends Error {
  constructor(reason, text, position = null) {
    super(reason);
    Object.assign(this, { reason, text, position });
  }

  // The reason, the line, and a caret below the character.
  toString() {
    if (this.position === null) return this.reason;
    const signs = [...this.text];
    const begin = signs.lastIndexOf("\n", this.position - 1) * (this.position > 0) + (this.position > 0);
    const end = signs.indexOf("\n", begin);
    const line = signs.slice(begin, end < 0 ? signs.length : end);
    const column = this.position - begin;
    const first = Math.max(0, column - WORDS.window);
    const shown = line.slice(first, column + WORDS.window);
    const dots = first ? "…" : "";
    const plain = shown.map((c) => (isPrintable(c) ? c : " ")).join("");
    return `${this.reason}\n    ${dots}${plain}\n    ${" ".repeat(dots.length + column - first)}^`;
  }
}

function said(fault, parts) {
  return fault.replace(/\{(\w+)\}/g, (_, part) => parts[part]);
}

function isPrintable(c) {
  return c === " " || !/[\p{C}\p{Z}]/u.test(c);
}

// A text as Python's repr writes it.
function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const known = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", [quote]: `\\${quote}` };
  const written = [...text].map((c) => {
    if (known[c]) return known[c];
    if (isPrintable(c)) return c;
    const code = c.codePointAt(0).toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return `${quote}${written.join("")}${quote}`;
}

// A thing as Python's repr writes it: a number, a node, or a list of these.
function written(x) {
  if (Array.isArray(x)) return `[${x.map(written).join(", ")}]`;
  if (typeof x === "number") return exactText(x);
  const label = x.label ? `, label=${quoted(x.label)}` : "";
  return `Value(${exactText(x.value)}${label})`;
}

function cutTo(text, most) {
  return [...text].slice(0, most).join("");
}

// Letters, digits and white space as Python has them.
const TOKEN = new RegExp(
  "([\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+)" +
  "|((?:\\p{Nd}+\\.?\\p{Nd}*|\\.\\p{Nd}+)(?:[eE][+-]?\\p{Nd}+)?)" +
  "|([\\p{L}\\p{Nl}\\p{No}_][\\p{L}\\p{N}_]*)" +
  "|(\\*\\*|[-+*/()\\[\\],;=−×·÷])", "uy");
const KINDS = ["space", "number", "name", "sign"];

// Digits of any script as 0 to 9: each script has ten, or runs of ten, in a row.
function withDigits(text) {
  return text.replace(/\p{Nd}/gu, (c) => {
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(c.codePointAt(0) - before - 1))) before++;
    return String(before % 10);
  });
}

function tokensOf(text) {
  const count = [...text].length;
  if (count > WORDS.longest) {
    const [most, got] = [WORDS.longest, count].map((n) => n.toLocaleString("en-US"));
    throw new Fault(said(WORDS.said.long, { most, got }), cutTo(text, 60));
  }
  const tokens = [];
  let [at, place, end] = [0, 0, 0];
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) {
      const sign = String.fromCodePoint(text.codePointAt(at));
      const hint = WORDS.hints[sign];
      const fault = hint === undefined ? "sign" : "hinted";
      throw new Fault(said(WORDS.said[fault], { sign: quoted(sign), hint }), text, place);
    }
    const piece = found[0];
    const signs = [...piece];
    signs.forEach((c, i) => {
      const power = WORDS.superscripts[c];
      if (power === undefined) return;
      throw new Fault(said(WORDS.said.superscript, { sign: quoted(c), power }), text, place + i);
    });
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)];
    if (kind !== "space") {
      tokens.push({ kind, text: kind === "sign" ? WORDS.plain[piece] || piece : piece, position: place });
      end = place + signs.length;
    }
    at += piece.length;
    place += signs.length;
  }
  tokens.push({ kind: "end", text: "", position: end });
  return tokens;
}

// The function that an unknown name may stand for, in words that follow the name.
function insteadOf(name) {
  if (Object.hasOwn(WORDS.instead, name)) return WORDS.instead[name];
  const near = nearest(name, WORDS.names, 2);
  return near.length ? said(WORDS.said.meant, { names: near.join(WORDS.said.or) }) : "";
}

// Names spelt most like a word, as Python's difflib finds them.
function nearest(word, names, most) {
  const scored = names.map((name) => [alike([...name], [...word]), name]);
  const close = scored.filter(([score]) => score >= 0.6);
  close.sort(([r, a], [s, b]) => s - r || (a < b ? 1 : -1));
  return close.slice(0, most).map(([, name]) => name);
}

function alike(a, b) {
  const length = a.length + b.length;
  return length ? (2 * matching(a, b)) / length : 1;
}

// How many signs are in common: of the longest run, and of what lies before and behind it.
function matching(a, b) {
  let [best, at, to] = [0, 0, 0];
  let runs = [];
  a.forEach((sign, i) => {
    const longer = [];
    b.forEach((other, j) => {
      if (sign !== other) return;
      longer[j] = (runs[j - 1] || 0) + 1;
      if (longer[j] > best) [best, at, to] = [longer[j], i + 1 - longer[j], j + 1 - longer[j]];
    });
    runs = longer;
  });
  if (!best) return 0;
  return best + matching(a.slice(0, at), b.slice(0, to)) +
    matching(a.slice(at + best), b.slice(to + best));
}

// The graph of an expression: `nodes` as chain() takes them, `leaves` their numbers, and the label
// of each node. `values` gives numbers to names; `missing`, if given, the number of a name that has
// none, and then values may be given to more names than there are.
function parse(text, values, missing = null) {
  const parser = new Parser(text, values, missing);
  const z = parser.program();
  const unused = Object.keys(values).find((name) => !parser.known.has(name));
  if (unused !== undefined && !missing) {
    const shown = cutTo(quoted(text), 60);
    throw new Fault(said(WORDS.said.unused, { name: unused, text: shown }), text);
  }
  return graphOf(z);
}

function graphOf(z) {
  const reached = new Set([z]);
  for (const node of reached) node.operands.forEach((x) => isNode(x) && reached.add(x));
  const nodes = [...reached].sort((a, b) => a.birth - b.birth);
  const place = new Map(nodes.map((node, i) => [node, i]));
  return {
    nodes: nodes.map(({ row, operands }) =>
      row && { row, operands: operands.map((x) => (isNode(x) ? place.get(x) : [x])) }),
    labels: nodes.map((node) => node.label),
    leaves: nodes.filter((node) => !node.row).map((node) => node.value),
  };
}

const isNode = (x) => typeof x === "object" && !Array.isArray(x);

class Parser {
  constructor(text, values, missing) {
    Object.assign(this, { text, values, missing });
    this.known = new Map(); // the names met so far, given or defined
    [this.at, this.depth, this.births] = [0, 0, 0];
    this.tokens = tokensOf(text);
  }

  fail(fault, position, parts = {}) {
    throw new Fault(said(WORDS.said[fault], parts), this.text, position);
  }

  get token() {
    return this.tokens[this.at];
  }

  take(...signs) {
    const token = this.token;
    if (token.kind !== "sign" || !signs.includes(token.text)) return null;
    this.at += 1;
    return token;
  }

  expect(sign, opened) {
    if (this.take(sign)) return;
    this.expectNoHint();
    const token = this.token;
    const found = token.kind === "end" ? WORDS.said.end : quoted(token.text);
    const parts = { sign: quoted(sign), opened: quoted(opened.text), at: opened.position + 1, found };
    this.fail("open", token.position, parts);
  }

  leaf(value, label = "") {
    return { row: null, operands: [], value, label, birth: this.births++ };
  }

  // Statements

  program() {
    let result = null;
    let unnamed = null; // where the part before begins, if nothing can use it
    while (this.token.kind !== "end") {
      const [begin, isNamed] = [this.token.position, this.isDefinition()];
      result = this.statement();
      if (unnamed !== null) this.fail("unnamed", unnamed);
      unnamed = isNamed ? null : begin;
      if (!this.take(";") && this.token.kind !== "end") this.failAfter();
    }
    if (result === null) throw new Fault(WORDS.said.empty, this.text);
    return isNode(result) ? result : this.leaf(result);
  }

  isDefinition() {
    return this.token.kind === "name" && this.tokens[this.at + 1].text === "=";
  }

  // Says what to write in place of signs that stand elsewhere in Python, or in numbers.
  expectNoHint() {
    const { text, position } = this.token;
    if (text === ",") this.fail("comma", position);
    if (text === "=" && this.tokens[this.at + 1].text === "=") this.fail("equality", position);
  }

  failAfter() {
    this.expectNoHint();
    const { kind, text, position } = this.token;
    if (["name", "number"].includes(kind) || ["(", "["].includes(text)) {
      const before = this.tokens[this.at - 1].text;
      this.fail("operator", position, { before: quoted(before), after: quoted(text) });
    }
    this.fail("unexpected", position, { sign: quoted(text) });
  }

  statement() {
    const name = this.token;
    if (!this.isDefinition()) return this.single(this.sum());
    if (this.tokens[this.at + 2].text === "=") {
      this.fail("equality", this.tokens[this.at + 1].position);
    }
    if ((!this.missing && this.isGiven(name.text)) || this.known.has(name.text)) {
      this.fail("taken", name.position, { name: name.text });
    }
    this.at += 2;
    let result = this.single(this.sum());
    if (!isNode(result)) result = this.leaf(result, name.text);
    else if (result.row && !result.label) result.label = name.text;
    this.known.set(name.text, result);
    return result;
  }

  single(result) {
    if (Array.isArray(result)) this.fail("list", this.tokens[Math.max(this.at - 1, 0)].position);
    return result;
  }

  // Operators

  sum() {
    let result = this.product();
    for (let sign; (sign = this.take("+", "-"));) result = this.combine(sign, result, this.product());
    return result;
  }

  product() {
    let result = this.signed();
    for (let sign; (sign = this.take("*", "/"));) result = this.combine(sign, result, this.signed());
    return result;
  }

  signed() {
    let [minus, first] = [0, null];
    for (let sign; (sign = this.take("+", "-"));) {
      first = first || sign;
      minus += sign.text === "-";
    }
    const result = this.power();
    if (first && Array.isArray(result)) this.fail("signed", first.position);
    return minus % 2 ? apply(this, WORDS.negation, [result]) : result;
  }

  power() {
    this.depth += 1;
    if (this.depth > WORDS.deepest) this.fail("deep", this.token.position, { most: WORDS.deepest });
    let result = this.atom();
    const sign = this.take("**");
    if (sign) result = this.combine(sign, result, this.signed());
    this.depth -= 1;
    return result;
  }

  combine(sign, left, right) {
    if (Array.isArray(left) || Array.isArray(right)) {
      this.fail("beside", sign.position, { sign: quoted(sign.text) });
    }
    const { constant, general } = WORDS.powers;
    const row = sign.text === "**" ? (isNode(right) ? general : constant) : WORDS.operators[sign.text];
    return apply(this, row, [left, right]);
  }

  // Atoms

  atom() {
    const token = this.token;
    this.at += 1;
    if (token.kind === "end") this.fail("ends", token.position);
    if (token.kind === "sign" && !["(", "["].includes(token.text)) {
      const before = this.at > 1 ? this.tokens[this.at - 2].text : "";
      if (token.text === "/" && before === "/") this.fail("division", token.position);
      this.fail("atom", token.position, { sign: quoted(token.text) });
    }
    if (token.kind === "number") return Number(withDigits(token.text));
    if (token.kind === "name") return this.token.text === "(" ? this.call(token) : this.named(token);
    if (token.text === "[") return this.operands("]", token);
    const result = this.sum();
    this.expect(")", token);
    return result;
  }

  operands(end, opened) {
    const found = [];
    while (this.token.text !== end) {
      found.push(this.sum());
      if (!this.take(",")) break;
    }
    this.expect(end, opened);
    return found;
  }

  isGiven(name) {
    return Object.hasOwn(this.values, name);
  }

  named({ text: name, position }) {
    if (this.known.has(name)) return this.known.get(name);
    let value = this.isGiven(name) ? this.values[name] : undefined;
    if (value === undefined) {
      if (Object.hasOwn(WORDS.constants, name)) return WORDS.constants[name];
      if (Object.hasOwn(WORDS.functions, name)) this.fail("function", position, { name });
      if (!this.missing) this.fail("value", position, { name });
      value = this.missing(name);
    }
    const leaf = this.leaf(value, name);
    this.known.set(name, leaf);
    return leaf;
  }

  call({ text: name, position }) {
    const f = Object.hasOwn(WORDS.functions, name) ? WORDS.functions[name] : null;
    if (!f) {
      if (this.isGiven(name) || this.known.has(name)) this.fail("called", position, { name });
      this.fail("unknown", position, { name, instead: insteadOf(name) });
    }
    const opened = this.token;
    this.at += 1;
    const operands = this.operands(")", opened);
    const got = operands.length;
    if (f.arity !== null && got !== f.arity) {
      this.fail(f.arity === 1 ? "operand" : "operands", position, { name, takes: f.arity, got });
    }
    if (f.written && !(f.least <= got && got <= f.most && operands.some(Array.isArray))) {
      this.fail("sequence", position, { name, written: f.written });
    }
    try {
      return called(this, name, f, operands);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      const reason = refusal.message;
      throw new Fault(reason.startsWith(name) ? reason : `${name}: ${reason}`, this.text, position);
    }
  }
}
