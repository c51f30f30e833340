// Elements, formulas in MathML with numbers in their slots, and what is said of a step.
// Stands inside the function of walkthrough.js.

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
// Nothing is laid out anew for what stays as it is.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
const on = (element, event, action) => element.addEventListener(event, action);
const frameOf = (element) => element.getBoundingClientRect();
function button(text, label, action) {
  const element = make("button", "cw-button", text);
  element.type = "button";
  if (label) set(element, "aria-label", label);
  on(element, "click", action);
  return element;
}
// Groups and no regions: those are landmarks, which must differ where a page has two of these.
function part(className, label) {
  const element = make("div", className);
  set(element, "role", "group");
  set(element, "aria-label", label);
  return element;
}
function field() {
  const element = make("input", "cw-field");
  return Object.assign(element, { type: "text", autocomplete: "off", inputMode: "decimal" });
}
// What shows a number is not read out whenever it changes.
function quiet(element, label) {
  set(element, "aria-label", label);
  set(element, "aria-live", "off");
  return element;
}
const simple = (name) => name.length <= 8 && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name);
function ratio(d, a, b) {
  return simple(a) && simple(b) ? `${d}${a}/${d}${b}` : `${d}(${a})/${d}(${b})`;
}
const signed = (text) => (text[0] === "-" ? `(${text})` : text);
const fraction = (d, a, b) =>
  `<mfrac><mrow><mi>${d}</mi>${a}</mrow><mrow><mi>${d}</mi>${b}</mrow></mfrac>`;
// A number in parentheses where it is held more tightly than it holds, as in Python's notation.
const SUM = 1, PRODUCT = 2, ATOM = 4;
function number(text, needed = 0) {
  const negative = text[0] === "-", [mantissa, exponent] = text.replace(/^-/, "").split("e");
  let body = /^[\d.]+$/.test(mantissa) ? `<mn>${mantissa}</mn>`
    : `<mi>${mantissa === "inf" ? "∞" : "nan"}</mi>`;
  if (/^[-+]?\d+$/.test(exponent || "")) {
    body += `<mo>×</mo><msup><mn>10</mn><mn>${String(+exponent).replace("-", "−")}</mn></msup>`;
  }
  if (negative) body = `<mo form="prefix">−</mo>${body}`;
  const holds = negative ? SUM : exponent ? PRODUCT : ATOM;
  return needed > holds ? `<mrow><mo>(</mo>${body}<mo>)</mo></mrow>` : `<mrow>${body}</mrow>`;
}
// A slot is one character: the place of a node, and how tightly its number is held there.
const FIRST_SLOT = 0xf0000, PRECEDENCES = 8;
function inSlots(text, slot, write) {
  return text.replace(slot, (found, character) => {
    const code = character.codePointAt(0) - FIRST_SLOT;
    const node = nodes[Math.floor(code / PRECEDENCES)];
    return node ? write(node[2], code % PRECEDENCES) : found;
  });
}
const numbered = (formula) =>
  inSlots(formula, /<mo>([\u{f0000}-\u{10fffd}])<\/mo>/gu, number);
// An equation, as a piece for each side, so that a long one can go on in the next line.
function sidesOf(sides, end) {
  const parts = sides.map((side) => side && numbered(side))
    .filter((side, i, all) => side && side !== all[i - 1]);
  return parts.map((side, i) => {
    const inner = (i ? '<mo form="infix">=</mo>' : "") + side +
      (end && i === parts.length - 1 ? `<mo separator="true">${end}</mo>` : "");
    return `<math displaystyle="true"><mrow>${inner}</mrow></math>`;
  }).join(" ");
}
// The local derivative as books print it, and what is left of it in floats.
const book = (u) => (u[USE.book]
  ? `<div class="cw-formula cw-book">textbook: ${sidesOf([u[USE.book]], "")}` +
    `${u[USE.floats]}</div>` : "");
const equation = (...sides) => `<div class="cw-formula">${sidesOf(sides, "")}</div>`;
// The title as text, where it has numbers that may change.
const heading = () => inSlots(data.heading, /([\u{f0000}-\u{10fffd}])/gu,
  (text, needed) => (needed > SUM ? signed(text) : text));

function explain(u, forward) {
  live.dataset.phase = forward ? "forward" : "backward";
  question.hidden = !open;
  if (forward) {
    const [name, mark, value, operation, names, numbers] = nodes[at];
    phase.textContent = apart(`Forward: the value of ${name}`);
    formulas.innerHTML = equation(mark, names, numbers, number(value));
    said.textContent = apart(names ? `${name} = ${operation} = ${value}`
      : `${name} = ${value} is given`);
    return;
  }
  const mark = nodes[last][1];
  if (!u) {
    phase.textContent = apart(`Backward: it begins at ${z}`);
    formulas.innerHTML = equation(fraction("d", mark, mark), number("1"));
    said.textContent =
      apart(`The derivative of ${z} by itself is 1. From here it is passed down the edges.`);
    return;
  }
  const [from, to] = [nodes[u[USE.node]], nodes[u[USE.operand]]];
  phase.textContent = apart(`Backward: from ${from[0]} to ${to[0]}`);
  const local = fraction("∂", from[1], to[1]);
  const whole = fraction("d", mark, to[1]), upstream = fraction("d", mark, from[1]);
  const sum = whole + "<mo>←</mo>" + number(u[USE.before], PRODUCT) + "<mo>+</mo>" + upstream +
    "<mo>·</mo>" + local;
  if (open) {
    formulas.innerHTML = equation(local, u[USE.names] || number(u[USE.local])) + equation(sum);
    label.firstChild.textContent =
      apart(`${ratio("d", z, from[0])} = ${u[USE.upstream]}. What does this edge contribute to ` +
      `${ratio("d", z, to[0])}?`);
    said.textContent = "";
    return;
  }
  const product =
    number(u[USE.upstream], PRODUCT) + "<mo>·</mo>" + number(u[USE.local], PRODUCT);
  formulas.innerHTML =
    equation(local, u[USE.names], u[USE.numbers], number(u[USE.local])) + book(u) +
    equation(sum, number(u[USE.before], PRODUCT) + "<mo>+</mo>" + product, number(u[USE.after]));
  const rule = u[USE.rule] ? ` = ${u[USE.rule]}` : "";
  const booked = u[USE.booked] ? ` (textbook: ${u[USE.booked]}${u[USE.floats]})` : "";
  const [factor, part] = [u[USE.local], u[USE.contribution]].map(signed);
  said.textContent = apart(
    `${ratio("∂", from[0], to[0])}${u[USE.which]}${rule} = ${u[USE.local]}${booked}; upstream × local: ` +
    `${u[USE.upstream]} × ${factor} = ${u[USE.contribution]}; ` +
    `${ratio("d", z, to[0])}: ${u[USE.before]} + ${part} = ${u[USE.after]}`);
}
