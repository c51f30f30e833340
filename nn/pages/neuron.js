// The graph of one neuron for one sample, with the chain rule on every edge.
// Stands inside the function of playground.js.

const SVG = "http://www.w3.org/2000/svg";
// Sizes in units of the drawing, whose text is 11 high; the most pairs of operands drawn one by one.
const WIDE = 132, HIGH = 46, APART = 54, BETWEEN = 230, PAIRS = 4;

function shape(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// All numbers of a neuron for a sample: of its nodes, and of every use of an operand.
function neuronNumbers(neuron, sample) {
  const row = trained.rows[sample];
  const seen = lookAt(trained.w, row);
  const inputs = neuron.feed.map((slot) => (slot < 0 ? row[-1 - slot] : seen[slot]));
  pullVector.set(trained.w, data.probes);
  pulled.fill(0);
  pull(pullVector, row, pulled);
  const upstream = pulled[neuron.probe];
  const leaves = neuron.leaves.map((i) => (i < 0 ? inputs[-1 - i] : trained.w[i]));
  const found = chains[neuron.kind](leaves);
  let leaf = 0;
  // Inputs of the network by their own names; graphs that are alike are kept once.
  const nodes = data.kinds[neuron.kind].map(([name, ...rest]) => {
    if (rest[0].length) return [name, ...rest];
    const place = neuron.leaves[leaf++], slot = place < 0 ? neuron.feed[-1 - place] : 0;
    return [slot < 0 ? inputName(-1 - slot) : name, ...rest];
  });
  // The result's gradient is 1 in the chain, and the loss's by it here.
  const gradients = found.gradients.map((g) => g * upstream);
  const uses = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    for (const operand of nodes[i][1]) {
      if (operand === null) continue;
      const k = uses.length, flows = found.flows[k] !== 0 && upstream !== 0;
      const part = flows ? found.contributions[k] * upstream : 0;
      uses.push({ node: i, operand, above: gradients[i], local: found.partials[k], part });
    }
  }
  return { nodes, values: found.values, gradients, uses };
}

// Of many pairs, those with the largest products; the others are counted in, and not drawn.
function omitted(numbers) {
  const left = new Set(), told = [];
  numbers.nodes.forEach(([, operands, paired]) => {
    const half = operands.length / 2;
    if (!paired || half <= PAIRS + 1) return;
    const terms = Array.from({ length: half }, (_, k) => {
      const [a, b] = [operands[k], operands[half + k]];
      return { a, b, term: numbers.values[a] * numbers.values[b] };
    });
    terms.sort((s, t) => Math.abs(t.term) - Math.abs(s.term));
    const others = terms.slice(PAIRS);
    for (const { a, b } of others) left.add(a).add(b);
    const sum = others.reduce((total, { term }) => total + term, 0);
    told.push(`The other ${others.length} products sum to ${figure(sum)}.`);
  });
  return { left, told: told.join(" ") };
}

function placesOf(nodes, left) {
  const depth = nodes.map(() => 0), place = new Map(), height = [];
  nodes.forEach(([, operands], i) => {
    if (operands.length) depth[i] = 1 + Math.max(0, ...operands.map((k) => (k === null ? 0 : depth[k])));
  });
  nodes.forEach(([, operands], i) => {
    for (const k of operands) {
      if (k !== null && !nodes[k][1].length) depth[k] = Math.max(depth[k], depth[i] - 1);
    }
  });
  const put = (i, y) => {
    const c = depth[i];
    y = Math.max(y, height[c] === undefined ? y : height[c] + APART);
    height[c] = y;
    place.set(i, [c * (WIDE + BETWEEN), y]);
  };
  // Leaves of the first column in pairs, as they are multiplied.
  nodes.forEach(([, operands, paired]) => {
    const half = operands.length / 2;
    if (paired) {
      for (let k = 0; k < half; k++) {
        for (const i of [operands[k], operands[half + k]]) {
          if (i !== null && !left.has(i) && !place.has(i) && !depth[i]) put(i, 0);
        }
      }
    }
  });
  nodes.forEach(([, operands], i) => {
    if (left.has(i) || place.has(i)) return;
    const ys = operands.filter((k) => place.has(k)).map((k) => place.get(k)[1]);
    if (operands.length) put(i, ys.length ? (Math.min(...ys) + Math.max(...ys)) / 2 : 0);
    else put(i, 0);
  });
  return place;
}

function drawNeuron(box, neuron, sample) {
  const numbers = neuronNumbers(neuron, sample);
  const { nodes, values, gradients, uses } = numbers;
  const { left, told } = omitted(numbers);
  const place = placesOf(nodes, left);
  const spots = [...place.values()];
  const w = Math.max(...spots.map(([x]) => x)) + WIDE + 4;
  const h = Math.max(...spots.map(([, y]) => y)) + HIGH + 4;
  const svg = shape("svg", { viewBox: `-2 -2 ${w} ${h}`, role: "img", class: "cp-graph" });
  // Text as large as on the page, larger where there is room, and no smaller than two thirds of it.
  const em = parseFloat(getComputedStyle(root).fontSize);
  const scale = Math.min(Math.max(box.clientWidth / w, em / 16), em / 10);
  svg.style.width = `${w * scale}px`;
  svg.style.height = `${h * scale}px`;
  svg.setAttribute("aria-label", `The graph of ${neuronName(neuron)} for sample ${sample + 1}: ` +
    "the table below has its numbers");
  const sizes = uses.map(({ part }) => Math.abs(part)).filter(Number.isFinite);
  const most = Math.max(...sizes, 0) || 1;
  const labels = new Map();
  for (const { node, operand, above, local, part } of uses) {
    if (!place.has(operand)) continue;
    const [x0, y0] = place.get(operand), [x1, y1] = place.get(node);
    const [a, b] = [[x0 + WIDE, y0 + HIGH / 2], [x1, y1 + HIGH / 2]];
    const tone = part > 0 ? "plus" : part < 0 ? "minus" : "none";
    const bend = b[0] - 30;
    svg.append(shape("path", {
      d: `M${a}L${bend} ${a[1]}L${b}`, class: `cp-edge cp-${tone}`,
      "stroke-width": 0.8 + 3 * Math.sqrt(Math.min(1, Math.abs(part) / most) || 0),
    }));
    const row = labels.get(operand) || 0;
    labels.set(operand, row + 1);
    svg.append(shape("text", { x: a[0] + 6, y: a[1] - 5 + 18 * row, class: `cp-said cp-${tone}` },
      `${figure(above, 3)} × ${figure(local, 3)} = ${figure(part, 3)}`));
  }
  for (const [i, [x, y]] of place) {
    const leaf = !nodes[i][1].length;
    svg.append(shape("rect", { x, y, width: WIDE, height: HIGH, rx: 5,
      class: leaf ? "cp-box cp-leaf" : "cp-box" }));
    svg.append(shape("text", { x: x + 7, y: y + 14, class: "cp-name" }, short(nodes[i][0], 20)));
    svg.append(shape("text", { x: x + 7, y: y + 27 }, `value ${figure(values[i])}`));
    svg.append(shape("text", { x: x + 7, y: y + 40 }, `gradient ${figure(gradients[i])}`));
  }
  box.replaceChildren(svg);
  return { numbers, told };
}

// The same edges as a table, for those who do not see the picture.
function fillUses(body, { nodes, uses }) {
  const rows = uses.map(({ node, operand, above, local, part }) => {
    const row = make("tr");
    const head = make("th", "", `${nodes[operand][0]} in ${nodes[node][0]}`);
    head.scope = "row";
    row.append(head, ...[above, local, part].map((x) => make("td", "", figure(x))));
    return row;
  });
  body.replaceChildren(...rows);
}
