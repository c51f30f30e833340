// The live view of a walkthrough, made from the image and the table beside it.
// `data.nodes`: name, name as MathML, value, operation, and for a computed node its formula in
// names and in numbers. `data.uses`: one row for each step of the backward pass; see `USE`.
// `data.tones`: the colour of a sign in the picture, which the style sheet turns for dark pages.
// `data.title`: the two sides of each equation of the title.
// Text goes in as text. Only formulas are parsed, and their names were escaped when they were made.
(function (id, data) {
  "use strict";
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-walk")) ||
    document.querySelector("#" + id + ":not([data-live])");
  if (!root || root.dataset.live) return;
  root.dataset.live = "1";

  const USE = { node: 0, operand: 1, edge: 2, derivative: 3, rule: 4, names: 5, numbers: 6,
    upstream: 7, local: 8, contribution: 9, before: 10, after: 11, short: 12, exact: 13, tone: 14,
    book: 15, booked: 16, floats: 17 };
  const nodes = data.nodes, uses = data.uses;
  const last = nodes.length - 1, z = nodes[last][0];
  const total = nodes.length + 1 + uses.length;
  const use = (k) => (k > nodes.length ? uses[k - nodes.length - 1] : null);

// PARTS

  // Small makers ----------------------------------------------------------------------------
  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function button(text, label, action) {
    const element = make("button", "cw-button", text);
    element.type = "button";
    if (label) element.setAttribute("aria-label", label);
    element.addEventListener("click", action);
    return element;
  }
  const simple = (name) => name.length <= 8 && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name);
  function ratio(d, a, b) {
    return simple(a) && simple(b) ? `${d}${a}/${d}${b}` : `${d}(${a})/${d}(${b})`;
  }
  const signed = (text) => (text[0] === "-" ? `(${text})` : text);
  const fraction = (d, a, b) =>
    `<mfrac><mrow><mi>${d}</mi>${a}</mrow><mrow><mi>${d}</mi>${b}</mrow></mfrac>`;
  function number(text, inner) {
    const negative = text[0] === "-", [mantissa, exponent] = text.replace(/^-/, "").split("e");
    let body = /^[\d.]+$/.test(mantissa) ? `<mn>${mantissa}</mn>`
      : `<mi>${mantissa === "inf" ? "∞" : "nan"}</mi>`;
    if (/^[-+]?\d+$/.test(exponent || "")) {
      body += `<mo>×</mo><msup><mn>10</mn><mn>${String(+exponent).replace("-", "−")}</mn></msup>`;
    }
    if (negative) body = `<mo form="prefix">−</mo>${body}`;
    return negative && inner ? `<mrow><mo>(</mo>${body}<mo>)</mo></mrow>` : `<mrow>${body}</mrow>`;
  }
  // An equation, as a piece for each side, so that a long one can go on in the next line.
  function sidesOf(sides, end) {
    const parts = sides.filter((side, i) => side && side !== sides[i - 1]);
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

  // The parts of the page -------------------------------------------------------------------
  const still = root.querySelector(".cw-still");
  const image = still.querySelector("img");
  const table = still.querySelector("table");
  const live = make("div", "cw-live");
  live.setAttribute("role", "group");
  live.setAttribute("aria-label", `Walk through the graph of ${z}`);
  live.tabIndex = 0;

  const bar = make("div", "cw-bar");
  const first = button("|◀", "First step", () => go(0));
  const previous = button("◀ Previous", "", () => go(at - 1));
  const next = button("Next ▶", "", advance);
  const play = button("▶ Play", "", () => (timer ? stop() : start()));
  const slider = make("input", "cw-slider");
  Object.assign(slider, { type: "range", min: 1, max: total, value: 1 });
  slider.setAttribute("aria-label", "Step");
  slider.addEventListener("input", () => go(slider.value - 1));
  const count = make("span", "cw-count");
  const quiz = button("Quiz", "", () => { setQuiz(!asking); });
  quiz.setAttribute("aria-pressed", "false");
  const score = make("span", "cw-score");
  score.setAttribute("role", "status");
  const whole = button("Whole graph", "", () => {
    whole.setAttribute("aria-pressed", String(whole.getAttribute("aria-pressed") !== "true"));
    fit();
  });
  whole.setAttribute("aria-pressed", "false");
  whole.hidden = true;
  bar.append(first, previous, next, play, slider, count, whole, quiz, score);

  // Groups and no regions: those are landmarks, which must differ where a page has two of these.
  // The picture is in the page once, as the image; here it is taken apart.
  const graph = make("div", "cw-graph");
  graph.tabIndex = 0;
  graph.setAttribute("role", "group");
  graph.setAttribute("aria-label", "The graph");
  const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0));
  const drawing = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  const svg = document.importNode(drawing.documentElement, true);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", image.alt);
  graph.append(svg);
  const place = new Map(nodes.map((node, i) => [node[0], i]));
  const boxes = nodes.map(() => []);
  for (const box of svg.querySelectorAll("g.node")) {
    const i = place.get(box.querySelector("title").textContent);
    if (i === undefined) continue;
    const [value, gradient] = box.querySelectorAll('text[text-anchor="end"]');
    boxes[i].push({ box, value, gradient });
    box.classList.add("cw-node");
    box.addEventListener("click", () => { jump(i); });
  }
  const edges = [...svg.querySelectorAll("g.edge")];

  const step = make("div", "cw-step");
  step.setAttribute("role", "group");
  step.setAttribute("aria-label", "This step");
  const phase = make("p", "cw-phase");
  const formulas = make("div", "cw-formulas");
  const said = make("p", "cw-said");
  said.setAttribute("aria-live", "polite");
  const question = make("form", "cw-question");
  const label = make("label", "cw-label");
  const answer = make("input", "cw-answer");
  Object.assign(answer, { type: "text", autocomplete: "off", inputMode: "decimal" });
  const check = button("Check", "", () => {});
  check.type = "submit";
  const reveal = button("Show", "Show the answer", () => { judge(null); });
  label.append(make("span", "cw-asked"), answer);
  question.append(label, check, reveal);
  question.hidden = true;
  question.addEventListener("submit", (event) => { event.preventDefault(); judge(answer.value); });
  const verdict = make("p", "cw-verdict");
  verdict.setAttribute("role", "status");
  step.append(phase, formulas, question, verdict, said);

  const values = make("div", "cw-values");
  values.tabIndex = 0;
  values.setAttribute("role", "group");
  values.setAttribute("aria-label", "Values and running gradients");
  values.append(table);
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row, i) => {
    const name = button(nodes[i][0], `Go to ${nodes[i][0]}`, () => { jump(i); });
    name.classList.add("cw-name");
    row.cells[0].replaceChildren(name);
  });
  const below = make("div", "cw-below");
  below.append(step, values);
  const hint = make("p", "cw-hint",
    "← → one step, Home and End the ends, space plays; a click on a node goes to it.");
  const note = still.querySelector("p");
  if (note) {
    note.className = "cw-note";
    live.append(note);
  }
  live.append(bar, graph, below, hint);
  still.replaceWith(live);

  // State -----------------------------------------------------------------------------------
  let at = 0;         // the step that is shown
  let open = false;   // whether its question waits for an answer
  let asking = false; // quiz mode
  let timer = 0;
  const answered = new Map(); // step to whether it was right

  function go(k) {
    at = Math.max(0, Math.min(total - 1, k));
    open = false;
    verdict.textContent = "";
    render();
  }
  function advance() {
    if (open) { judge(null); return; }
    if (at === total - 1) { stop(); return; }
    at += 1;
    open = asking && use(at) !== null && !answered.has(at);
    verdict.textContent = "";
    if (open) stop();
    render();
    if (open) answer.focus();
  }
  // To the step where a node's value is computed; from there, to where its gradient is complete.
  function jump(i) {
    stop();
    let complete = nodes.length;
    uses.forEach((u, k) => { if (u[USE.operand] === i) complete = nodes.length + 1 + k; });
    go(at === i || at >= nodes.length ? (at === complete ? i : complete) : i);
  }
  function start() {
    if (at === total - 1) go(0);
    timer = setInterval(() => {
      if (root.isConnected) advance(); else stop();
    }, 1300);
    render();
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶ Play";
  }
  function setQuiz(on) {
    asking = on;
    quiz.setAttribute("aria-pressed", String(on));
    if (!on && open) { open = false; render(); }
    tell();
  }
  function tell() {
    const right = [...answered.values()].filter(Boolean).length;
    score.textContent = asking || answered.size ? `Score: ${right} of ${answered.size}` : "";
  }

  // The quiz --------------------------------------------------------------------------------
  const plain = (text) => text.trim().replace(/[−–]/g, "-").replace(",", ".");
  function read(text) {
    const words = plain(text).toLowerCase();
    if (/^[-+]?inf(inity)?$/.test(words)) return words[0] === "-" ? -Infinity : Infinity;
    if (words === "nan") return NaN;
    const found = /^([^*×·/]+)(?:([*×·/])([^*×·/]+))?$/.exec(words);
    if (!found) return undefined;
    const numbers = [found[1], found[3] || "1"].map((s) => s.trim().replace(/^\((.*)\)$/, "$1"));
    if (!numbers.every((s) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(s))) return undefined;
    return found[2] === "/" ? numbers[0] / numbers[1] : numbers[0] * numbers[1];
  }
  // Three significant digits are enough.
  function same(got, wanted) {
    if (Number.isNaN(wanted)) return Number.isNaN(got);
    if (!Number.isFinite(wanted)) return got === wanted;
    return Math.abs(got - wanted) <= 0.006 * Math.abs(wanted);
  }
  function judge(text) {
    if (!open) return;
    const u = use(at);
    const got = text === null ? undefined : read(text);
    if (text !== null && got === undefined) {
      verdict.className = "cw-verdict";
      verdict.textContent = "Write a number, such as -0.25, 3/4 or 15*4.";
      answer.focus();
      return;
    }
    const wanted = { inf: Infinity, "-inf": -Infinity, nan: NaN }[u[USE.exact]] ?? +u[USE.exact];
    const right = text !== null && same(got, wanted);
    answered.set(at, right);
    open = false;
    const product = `${u[USE.upstream]} × ${signed(u[USE.local])} = ${u[USE.contribution]}`;
    verdict.className = `cw-verdict ${right ? "cw-right" : "cw-wrong"}`;
    verdict.textContent = right ? `✓ Right: ${product}.`
      : text === null ? `Shown: ${product}.` : `✗ Not ${text.trim()}: ${product}.`;
    render();
    next.focus();
  }

  // Showing a step --------------------------------------------------------------------------
  function render() {
    show();
    reachable(formulas);
    reachable(step);
    follow(use(at) ? use(at)[USE.operand] : at < nodes.length ? at : last);
  }
  function show() {
    const u = use(at), forward = at < nodes.length;
    const known = open ? at - 1 : at; // the last step whose numbers are shown
    const gradients = new Array(nodes.length).fill(null);
    if (known >= nodes.length) gradients[last] = ["1", "1", "positive"];
    for (let k = nodes.length + 1; k <= known; k++) {
      const w = use(k);
      gradients[w[USE.operand]] = [w[USE.after], w[USE.short], w[USE.tone]];
    }
    const active = u ? u[USE.operand] : forward ? at : last;
    const source = u ? u[USE.node] : -1;
    const up = above(source);
    nodes.forEach((node, i) => {
      const value = i <= known || !forward, gradient = gradients[i];
      for (const b of boxes[i]) {
        b.box.classList.toggle("cw-active", i === active);
        b.box.classList.toggle("cw-lit", up.has(i));
        b.value.classList.toggle("cw-later", !value);
        b.gradient.classList.toggle("cw-later", !gradient);
        if (gradient) {
          b.gradient.textContent = gradient[1];
          b.gradient.setAttribute("fill", data.tones[gradient[2]]);
        }
      }
      const row = rows[i];
      row.classList.toggle("cw-active", i === active);
      if (i === active) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
      row.cells[2].textContent = value ? node[2] : "";
      row.cells[3].textContent = gradient ? gradient[0] : "";
    });
    edges.forEach((edge) => edge.classList.remove("cw-active", "cw-lit", "cw-done"));
    uses.forEach((w, k) => {
      const edge = edges[w[USE.edge]], done = nodes.length + 1 + k <= known;
      edge.classList.toggle("cw-done", done);
      edge.classList.toggle("cw-active", w === u || (forward && w[USE.node] === at));
      edge.classList.toggle("cw-lit", up.has(w[USE.node]) && up.has(w[USE.operand]));
    });
    explain(u, forward);
    previous.disabled = first.disabled = at === 0;
    next.disabled = at === total - 1;
    slider.value = at + 1;
    count.textContent = `Step ${at + 1} of ${total}`;
    const way = forward ? "forward" : "backward";
    slider.setAttribute("aria-valuetext", `${count.textContent}, ${way}`);
    play.textContent = timer ? "⏸ Pause" : "▶ Play";
    tell();
  }
  // All nodes on paths from the result down to a node, and the node.
  function above(i) {
    const found = new Set();
    if (i < 0) return found;
    found.add(i);
    // Reversed, the uses of a node come before those of the nodes that use it.
    for (let k = uses.length - 1; k >= 0; k--) {
      if (found.has(uses[k][USE.operand])) found.add(uses[k][USE.node]);
    }
    return found;
  }
  function explain(u, forward) {
    live.dataset.phase = forward ? "forward" : "backward";
    question.hidden = !open;
    if (forward) {
      const [name, mark, value, operation, names, numbers] = nodes[at];
      phase.textContent = `Forward: the value of ${name}`;
      formulas.innerHTML = equation(mark, names, numbers, number(value));
      said.textContent = names ? `${name} = ${operation} = ${value}`
        : `${name} = ${value} is given`;
      return;
    }
    const mark = nodes[last][1];
    if (!u) {
      phase.textContent = `Backward: it begins at ${z}`;
      formulas.innerHTML = equation(fraction("d", mark, mark), number("1"));
      said.textContent =
        `The derivative of ${z} by itself is 1. From here it is passed down the edges.`;
      return;
    }
    const [from, to] = [nodes[u[USE.node]], nodes[u[USE.operand]]];
    phase.textContent = `Backward: from ${from[0]} to ${to[0]}`;
    const local = fraction("∂", from[1], to[1]);
    const whole = fraction("d", mark, to[1]), upstream = fraction("d", mark, from[1]);
    const sum = whole + "<mo>←</mo>" + number(u[USE.before], true) + "<mo>+</mo>" + upstream +
      "<mo>·</mo>" + local;
    if (open) {
      formulas.innerHTML = equation(local, u[USE.names] || number(u[USE.local])) + equation(sum);
      label.firstChild.textContent =
        `${ratio("d", z, from[0])} = ${u[USE.upstream]}. What does this edge contribute to ` +
        `${ratio("d", z, to[0])}?`;
      answer.value = "";
      said.textContent = "";
      return;
    }
    const product = number(u[USE.upstream], true) + "<mo>·</mo>" + number(u[USE.local], true);
    formulas.innerHTML =
      equation(local, u[USE.names], u[USE.numbers], number(u[USE.local])) + book(u) +
      equation(sum, number(u[USE.before], true) + "<mo>+</mo>" + product, number(u[USE.after]));
    const rule = u[USE.rule] ? ` = ${u[USE.rule]}` : "";
    const booked = u[USE.booked] ? ` (textbook: ${u[USE.booked]}${u[USE.floats]})` : "";
    const [factor, part] = [u[USE.local], u[USE.contribution]].map(signed);
    said.textContent =
      `${u[USE.derivative]}${rule} = ${u[USE.local]}${booked}; upstream × local: ` +
      `${u[USE.upstream]} × ${factor} = ${u[USE.contribution]}; ` +
      `${ratio("d", z, to[0])}: ${u[USE.before]} + ${part} = ${u[USE.after]}`;
  }
  // Keeps the active node, and its row, in view without moving the page.
  function follow(i) {
    if (boxes[i].length) {
      const frame = graph.getBoundingClientRect(), b = boxes[i][0].box.getBoundingClientRect();
      graph.scrollLeft += b.left + b.width / 2 - frame.left - frame.width / 2;
      graph.scrollTop += b.top + b.height / 2 - frame.top - frame.height / 2;
    }
    const frame = values.getBoundingClientRect(), row = rows[i].getBoundingClientRect();
    const head = table.tHead.getBoundingClientRect().height;
    if (row.top < frame.top + head) values.scrollTop -= frame.top + head - row.top;
    if (row.bottom > frame.bottom) values.scrollTop += row.bottom - frame.bottom;
  }

  // The room there is, and paper --------------------------------------------------------------
  const title = root.querySelector(".cw-title"), plainTitle = title.textContent;
  const titleFormula =
    data.title.map((sides, i) => sidesOf(sides, i < data.title.length - 1 ? "," : "")).join(" ");
  function fit() {
    titled(title, plainTitle, titleFormula);
    sized(live, graph, svg, whole);
    render();
  }
  // At most twelve sums, those last added to: a panel is small.
  function sums(k) {
    const latest = [...uses.slice(0, Math.max(0, k - nodes.length)).reverse()
      .map((w) => w[USE.operand]), ...(k < nodes.length ? [] : [last])];
    const line = make("p", "cw-sums", latest.length ? "Running gradients: " : "");
    for (const i of [...new Set(latest)].slice(0, 12)) {
      const sum = make("span", "", `${nodes[i][0]} `);
      sum.append(make("b", "", rows[i].cells[3].textContent));
      line.append(sum, " ");
    }
    return line;
  }
  let strip = null;
  function lay() {
    if (strip || !root.isConnected) return;
    const kept = [at, open, answer.value], all = pieces(svg), [full, width] = panelWidth(svg);
    strip = make("div", "cw-strip");
    if (note) strip.append(note.cloneNode(true));
    open = false;
    for (at = 0; at < total; at++) {
      show();
      const u = use(at), around = u ? [edges[u[USE.edge]]]
        : [boxes[at < nodes.length ? at : last][0].box];
      const panel = make("div", `cw-panel ${width}`);
      panel.append(make("p", "cw-phase", `${at + 1}. ${phase.textContent}`),
        cut(svg, all, surrounding(around), full), formulas.cloneNode(true),
        make("p", "cw-said", said.textContent), sums(at));
      strip.append(panel, " ");
    }
    [at, open] = kept;
    show();
    answer.value = kept[2];
    live.before(strip);
    fitted(strip);
  }
  function lift() {
    if (strip) strip.remove();
    strip = null;
    if (root.isConnected) return;
    window.removeEventListener("beforeprint", lay);
    window.removeEventListener("afterprint", lift);
  }
  window.addEventListener("beforeprint", lay);
  window.addEventListener("afterprint", lift);

  // Keys ------------------------------------------------------------------------------------
  const keys = {
    ArrowRight: advance, ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(total - 1),
  };
  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target, typing = target === answer;
    if (typing || target === slider) {
      if (typing) event.stopPropagation();
      return;
    }
    if (event.key === " " && target.tagName !== "BUTTON") (timer ? stop() : start());
    else if (keys[event.key]) { stop(); keys[event.key](); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  live.addEventListener("keydown", key);
  // On a page of its own the keys work from anywhere.
  if (root.closest(".cw-page")) {
    document.addEventListener("keydown", (event) => {
      if (!live.contains(event.target)) key(event);
    });
  }
  setQuiz(data.quiz);
  fit();
  new ResizeObserver(fit).observe(root.closest(".cw-page") ? document.documentElement : root);
})(NAME, DATA);
