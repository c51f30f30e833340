// The parts of the playground as elements, and what a step of it says.

const FIRST = 0.5; // the number of a name that has none yet
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function button(text, label = "", action = null) {
  const element = make("button", "cw-button", text);
  element.type = "button";
  if (label) element.setAttribute("aria-label", label);
  if (action) element.addEventListener("click", action);
  return element;
}

function cell(content) {
  const element = make("td");
  element.append(content);
  return element;
}

function group(className, label, ...parts) {
  const element = make("div", className);
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  element.append(...parts);
  return element;
}

function headed(caption, heads, body) {
  const [table, head, row] = [make("table"), make("thead"), make("tr")];
  for (const text of heads) {
    const one = make("th", "", text);
    one.scope = "col";
    row.append(one);
  }
  head.append(row);
  table.setAttribute("aria-label", caption);
  table.append(head, body);
  return table;
}

// A number in a field: all its digits, and no point behind a whole one.
function shortest(x) {
  return exactText(x).replace(/\.0$/, "");
}

function panels(root, data) {
  const ui = { form: make("form", "cw-form"), field: make("input", "cw-answer cw-typed") };
  const { form, field } = ui;
  Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false, autocapitalize: "off" });
  field.setAttribute("aria-describedby", `${root.id}-fault`);
  const label = make("label", "cw-expression", "Expression");
  label.append(field);
  const draw = button("Draw");
  draw.type = "submit";
  form.append(label, draw);
  ui.fault = make("pre", "cw-fault");
  ui.fault.id = `${root.id}-fault`;
  ui.fault.setAttribute("role", "alert");
  ui.fault.hidden = true;
  ui.said = make("p", "cw-said");
  ui.said.setAttribute("role", "status");
  ui.examples = data.examples.map(([text]) => button(text, `Example: ${text}`));
  const examples = group("cw-bar cw-examples", "Examples", make("span", "", "Try: "), ...ui.examples);
  const help = make("details", "cw-help");
  help.append(make("summary", "", "What can be typed"),
    make("p", "", "Numbers, names, + - * / **, parentheses, and parts with a name: u = x**2 + y; u*u. " +
      `pi and e are numbers. Functions: ${Object.keys(WORDS.functions).join(", ")}.`));

  ui.graph = group("cw-graph", "The graph");
  ui.leaves = make("tbody");
  ui.rate = make("input", "cw-answer cw-rate");
  Object.assign(ui.rate, { type: "text", inputMode: "decimal", autocomplete: "off", value: "0.1" });
  const rate = make("label", "cw-ratelabel", "step size ");
  rate.append(ui.rate);
  ui.descend = button("Descend", "Descend: a step down the gradient");
  [ui.undo, ui.reset] = [button("Undo"), button("Reset")];
  ui.link = button("Link");
  ui.address = make("input", "cw-answer cw-address");
  Object.assign(ui.address, { type: "text", readOnly: true, hidden: true });
  ui.address.setAttribute("aria-label", "link that keeps the expression and the numbers");
  const changes = group("cw-change", "Change the leaves",
    headed("Leaves", ["leaf", "value", "slide", "gradient"], ui.leaves),
    group("cw-bar", "Descent", rate, ui.descend, ui.undo, ui.reset, ui.link), ui.address);

  [ui.first, ui.previous] = [button("|◀", "First step"), button("◀ Previous")];
  [ui.next, ui.play] = [button("Next ▶"), button("▶ Play")];
  ui.slider = make("input", "cw-slider");
  Object.assign(ui.slider, { type: "range", min: 1 });
  ui.slider.setAttribute("aria-label", "Step");
  ui.count = make("span", "cw-count");
  [ui.phase, ui.step] = [make("p", "cw-phase"), make("p", "cw-text")];
  const words = group("", "This step", ui.phase, ui.step);
  words.setAttribute("aria-live", "polite");
  ui.steps = group("cw-steps", "Step through the chain rule",
    group("cw-bar", "Steps", ui.first, ui.previous, ui.next, ui.play, ui.slider, ui.count), words);

  ui.table = make("tbody");
  const values = group("cw-values", "Values and gradients",
    headed("Nodes", ["node", "operation", "value", "gradient"], ui.table));
  values.tabIndex = 0;
  const left = make("div");
  left.append(changes, ui.steps);
  const live = make("div", "cw-play");
  live.append(form, ui.fault, examples, ui.said, ui.graph, left, values, help);
  root.querySelector(".cw-still").replaceWith(live);
  return ui;
}

// The row of a leaf: its field, its slider and its gradient; `on` is told what is done there.
function leafRow(name, k, place, x, slope, on) {
  const [row, head] = [make("tr"), make("th", "", name)];
  head.scope = "row";
  const typed = make("input", "cw-answer");
  Object.assign(typed, { type: "text", inputMode: "decimal", autocomplete: "off", value: shortest(x) });
  const slide = make("input", "cw-slider");
  slide.type = "range";
  ranged(slide, x);
  for (const [input, kind] of [[typed, "field"], [slide, "slider"]]) {
    input.dataset.leaf = `${k} ${kind}`;
    input.setAttribute("aria-label", `value of ${name}`);
  }
  typed.addEventListener("change", () => on.typed(typed));
  slide.addEventListener("input", () => {
    typed.value = shortest(Number(slide.value));
    slide.setAttribute("aria-valuetext", figure(Number(slide.value)));
    on.slid(Number(slide.value));
  });
  slide.addEventListener("change", on.released);
  const gradient = make("output", "cw-gradient", figure(slope));
  gradient.setAttribute("aria-label", `gradient of ${name}`);
  gradient.setAttribute("aria-live", "off");
  gradient.dataset.place = place;
  row.append(head, cell(typed), cell(slide), cell(gradient));
  return row;
}

// A slider's range: as far to both sides as twice the number is large, and 2 at least.
function ranged(slide, x) {
  const reach = Math.max(2, 2 * Math.abs(x));
  slide.disabled = !Number.isFinite(3 * x);
  if (slide.disabled) return;
  Object.assign(slide, { min: x - reach, max: x + reach, step: reach / 200 });
  slide.value = x;
  slide.setAttribute("aria-valuetext", figure(x));
}

// Links keep the expression, and each leaf's name and number with all its digits.

function linkTo(text, pairs) {
  const named = pairs.filter(([name]) => name).map(([name, x]) => [name, exactText(x)]);
  return `${location.href.split("#")[0]}#${encodeURIComponent(JSON.stringify([text, named]))}`;
}

// What a link keeps; null for one that was tampered with.
function readLink(hash) {
  let told = null;
  try {
    told = JSON.parse(decodeURIComponent(hash.slice(1)));
  } catch {
    return null;
  }
  const [text, pairs] = Array.isArray(told) ? told : [];
  const isPair = (pair) => Array.isArray(pair) && pair.length === 2 &&
    pair.every((part) => typeof part === "string") &&
    NUMBER.test(pair[1]) && Number.isFinite(Number(pair[1]));
  if (typeof text !== "string" || !Array.isArray(pairs) || !pairs.every(isPair)) return null;
  return { text, values: pairs.map(([name, x]) => [name, Number(x)]) };
}

// Steps: first the value of each node, then dz/dz, then a use of an operand at a time, and all.

const isPlain = (name) => name.length <= 8 && /^[\p{XIDS}_]\p{XIDC}*$/u.test(name);

function ratio(d, a, b) {
  return isPlain(a) && isPlain(b) ? `${d}${a}/${d}${b}` : `${d}(${a})/${d}(${b})`;
}

const inBrackets = (text) => (text[0] === "-" ? `(${text})` : text);

function operandTexts({ graph, names }, i) {
  return graph.nodes[i].operands.map((x) => (Array.isArray(x) ? figure(x[0]) : names[x]));
}

// A row as text over its operands; a negative number stands in parentheses.
function filled(template, operands, z) {
  return template.replace(/\{(\w+)(?::(\d+))?\}/g, (_, k, needed) => {
    if (k === "z") return z;
    return needed < 2 ? operands[k] : inBrackets(operands[k]);
  });
}

function forwardText(now, i) {
  const node = now.graph.nodes[i];
  if (!node) return "given";
  return filled(SHOWN[node.row].texts[node.operands.length], operandTexts(now, i));
}

// A local derivative in names; "" where there is none to show.
function ruleText(now, rules, i, position) {
  const { row, operands } = now.graph.nodes[i];
  const constants = operands.filter(Array.isArray).map(([x]) => figure(x));
  const own = rules[row] || {};
  const rule = own[operands.length] || own[[operands.length, ...constants].join(" ")] || [];
  return filled(rule[position] || "", operandTexts(now, i), now.names[i]);
}

function stepOf(now, rules, at) {
  const { graph, names, numbers, uses } = now;
  const count = graph.nodes.length;
  const z = names[count - 1];
  const gradients = names.map(() => null);
  if (at < count) {
    const value = figure(numbers.values[at]);
    const text = graph.nodes[at] ? `${names[at]} = ${forwardText(now, at)} = ${value}`
      : `${names[at]} = ${value} is given`;
    return { phase: `Forward: the value of ${names[at]}`, text, active: at, gradients };
  }
  gradients[count - 1] = 1;
  if (at === count) {
    const text = `The derivative of ${z} by itself is 1. From here it is passed down the edges.`;
    return { phase: `Backward: it begins at ${z}`, text, active: count - 1, gradients };
  }
  const use = at - count - 1;
  if (use === uses.length) {
    const slopes = names.flatMap((name, i) => (graph.nodes[i] || i === count - 1 ? []
      : [`${ratio("d", z, name)} = ${figure(numbers.gradients[i])}`]));
    const text = [`${z} = ${figure(numbers.values[count - 1])}`, ...slopes].join(", ");
    return { phase: "All values and gradients", text, active: -1, gradients: numbers.gradients };
  }
  let before = 0;
  for (let k = 0; k < at - count; k++) {
    const x = uses[k][2];
    before = gradients[x] ?? 0;
    gradients[x] = numbers.flows[k] ? before + numbers.contributions[k] : before;
  }
  const [i, position, x] = uses[use];
  const node = graph.nodes[i];
  const [upstream, local, part] =
    [numbers.gradients[i], numbers.partials[use], numbers.contributions[use]].map(figure);
  const rule = ruleText(now, rules, i, position);
  const said = rule && rule !== local ? ` = ${rule}` : "";
  const text = `${ratio("∂", names[i], names[x])}${said} = ${local}; upstream × local: ` +
    `${upstream} × ${inBrackets(local)} = ${part}; ${ratio("d", z, names[x])}: ` +
    `${figure(before)} + ${inBrackets(part)} = ${figure(gradients[x])}`;
  return { phase: `Backward: from ${names[i]} to ${names[x]}`, text, active: x, gradients };
}
