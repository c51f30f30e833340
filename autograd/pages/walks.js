// What a walkthrough of a typed graph is given: its image and table, and the texts and numbers of
// all steps. FORMS has how each row is written, with a slot for each operand and for the result.

const UNKNOWN_SLOT = /[\u{f0000}-\u{fffff}]/gu;
const SLOT_ELEMENT = /<mo>([\u{f0000}-\u{fffff}])<\/mo>/gu;
const GREEK = new Map(MEASURES.greek);

// A name in MathML: letters of Greek by their names, and digits behind letters below the line.
function markOf(name) {
  const word = (text) => `<mi>${markup(GREEK.get(text) || text)}</mi>`;
  const found = name.length < 40 && /^(?:([A-Za-z]+)_?(\d+)|([A-Za-z]+)_([A-Za-z0-9]+))$/.exec(name);
  if (!found || GREEK.has(name)) return word(name);
  const below = found[2] || found[4];
  const lower = /^\d+$/.test(below) ? `<mn>${below}</mn>` : word(below);
  return `<msub>${word(found[1] || found[3])}${lower}</msub>`;
}

// The operand that a slot stands for, or the node itself, and how tightly it is held there.
function operandAt(character, node, i) {
  const code = character.codePointAt(0) - FIRST_SLOT;
  const place = Math.floor(code / PRECEDENCES);
  return [place === node.operands.length ? i : node.operands[place], code % PRECEDENCES];
}

// A form with the operands of a node in its slots: as text, and as formulas in names and numbers.
function formed(form, node, i, names) {
  const at = (character) => operandAt(character, node, i);
  const [text, formula] = form;
  return {
    text: text.replace(UNKNOWN_SLOT, (character) => {
      const [x, needed] = at(character);
      if (!Array.isArray(x)) return names[x];
      return needed > SUM ? signed(figure(x[0])) : figure(x[0]);
    }),
    names: formula.replace(SLOT_ELEMENT, (_, character) => {
      const [x, needed] = at(character);
      return Array.isArray(x) ? number(figure(x[0]), needed) : markOf(names[x]);
    }),
    numbers: formula.replace(SLOT_ELEMENT, (_, character) => {
      const [x, needed] = at(character);
      if (Array.isArray(x)) return number(figure(x[0]), needed);
      return `<mo>${String.fromCodePoint(FIRST_SLOT + PRECEDENCES * x + needed)}</mo>`;
    }),
  };
}

// The forms of a node's row, if its constants are among those that rules are written for.
function formsOf(node) {
  const own = FORMS[node.row];
  const constants = node.operands.filter(Array.isArray).map(([x]) => figure(x));
  const count = node.operands.length;
  return own[`${count} ${constants.join(" ")}`] || own[count];
}

// The row that a walkthrough has for a node, and for a use of an operand; see walkthrough.js.
function nodeEntry({ nodes }, names, i, value) {
  const entry = [names[i], markOf(names[i]), figure(value), "given"];
  const node = nodes[i];
  if (!node) return entry;
  const form = formsOf(node);
  const own = formed([form.text, form.formula], node, i, names);
  return [...entry.slice(0, 3), shortened([...own.text], LONGEST), own.names, own.numbers];
}

function useEntry({ nodes }, names, [i, k, x], edge) {
  const node = nodes[i];
  const times = node.operands.filter((other) => other === x).length;
  const which = times > 1 ? `[${k + 1}]` : "";
  const form = formsOf(node);
  const own = (form.rules || [])[k] || ["", ""];
  // A rule over plain numbers alone is none: the local derivative is a number.
  const isNumber = [...own[0].matchAll(UNKNOWN_SLOT)].every(([character]) =>
    Array.isArray(operandAt(character, node, i)[0]));
  const rule = formed(isNumber ? ["", ""] : own, node, i, names);
  const isLone = /^<mo>[^<]*<\/mo>$/.test(rule.numbers);
  const entry = [i, x, edge, which, rule.text, rule.names, isLone ? "" : rule.numbers];
  const book = formed((form.books || [])[k] || ["", ""], node, i, names);
  const books = book.text ? [book.names === rule.names ? "" : book.names, book.text, ""] : [];
  return { entry, books };
}

const LONGEST = 80;

// The data and the content of a walkthrough of a graph, from the numbers of its leaves.
function walkOf(graph, names) {
  const numbers = chain(graph.nodes, graph.leaves);
  const { boxes, arrows } = pictureOf(graph, names, numbers);
  const edges = new Map(arrows.map((arrow, e) => [arrow.use, e]));
  const sums = names.map((_, i) => (i === names.length - 1 ? 1 : 0));
  const uses = usesOf(graph.nodes).map((use, n) => {
    const [i, , x] = use;
    const { entry, books } = useEntry(graph, names, use, edges.get(n));
    const [before, part] = [sums[x], numbers.contributions[n]];
    if (numbers.flows[n]) sums[x] += part;
    const all = [numbers.gradients[i], numbers.partials[n], part, before, sums[x]].map(figure);
    return [...entry, ...all, brief(sums[x]), Number.isFinite(part) ? String(part) : figure(part),
      tone(sums[x]), ...books];
  });
  const data = {
    nodes: names.map((_, i) => nodeEntry(graph, names, i, numbers.values[i])),
    uses,
    leaves: graph.leaves.map((x) => (Number.isFinite(x) ? x : figure(x))),
    stays: "", quiz: false, tones: MEASURES.tones, title: [], heading: "",
  };
  return { data, numbers, svg: svgOf(boxes, arrows).replaceAll(PAD, "") };
}

// The element that a walkthrough makes live.
function stillOf(id, { data, numbers, svg }) {
  const root = make("div", "chalk-walk cw");
  root.id = id;
  const title = make("p", "cw-title");
  title.hidden = true;
  const image = make("img");
  const z = data.nodes.at(-1)[0];
  const count = data.nodes.length;
  image.alt = `The graph of ${z}: ${count} node${count === 1 ? "" : "s"}, ` +
    "with the values and gradients listed below";
  const drawing = encodeURIComponent(svg.replace("</svg>", "<style></style></svg>"));
  image.src = `data:image/svg+xml;charset=utf-8,${drawing}`;
  const table = make("table");
  const [head, body] = [table.createTHead().insertRow(), table.createTBody()];
  const total = [...z].length <= 8 ? `gradient d${apart(z)}/d·` : "gradient";
  for (const text of ["node", "operation", "value", total]) {
    const cell = make("th", "", text);
    cell.scope = "col";
    head.append(cell);
  }
  data.nodes.forEach(([name, , value, operation], i) => {
    const row = body.insertRow();
    const first = make("th", "", name);
    first.scope = "row";
    row.append(first, ...[apart(operation), value, figure(numbers.gradients[i])].map((x) => make("td", "", x)));
  });
  const still = make("div", "cw-still");
  still.append(image, table);
  root.append(title, still);
  return root;
}
