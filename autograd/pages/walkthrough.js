// The live view of a walkthrough, made from the image and the table beside it.
// `data.nodes`: name, name as MathML, value, operation, and for a computed node its formula in
// names and in numbers, with slots for them. `data.uses`: one row for each step of the backward
// pass; see `USE`. `data.leaves`: the numbers of the leaves, in their order.
// `data.tones`: the colour of a sign in the picture, which the style sheet turns for dark pages.
// `data.title`: the two sides of each equation of the title, and `data.heading` the title as
// text, if it has slots.
// `PROGRAM` gives all numbers for those of the leaves; without it the page stays as it is.
// Text goes in as text. Only formulas are parsed, and their names were escaped when they were made.
(function (id, data) {
  "use strict";
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-walk")) ||
    document.querySelector("#" + id + ":not([data-live])");
  if (!root || root.dataset.live) return null;
  root.dataset.live = "1";

  const USE = { node: 0, operand: 1, edge: 2, which: 3, rule: 4, names: 5, numbers: 6,
    upstream: 7, local: 8, contribution: 9, before: 10, after: 11, short: 12, exact: 13, tone: 14,
    book: 15, booked: 16, floats: 17 };
  const nodes = data.nodes, uses = data.uses;
  const last = nodes.length - 1, z = nodes[last][0];
  const total = nodes.length + 1 + uses.length;
  const leaves = nodes.flatMap((node, i) => (node.length === 4 ? [i] : []));
  const [compute, inBooks] = PROGRAM || [];
  const use = (k) => (k > nodes.length ? written(uses[k - nodes.length - 1]) : null);

// PARTS

  // The parts of the page -------------------------------------------------------------------
  const still = root.querySelector(".cw-still");
  const image = still.querySelector("img");
  const table = still.querySelector("table");
  const live = part("cw-live", `Walk through the graph of ${z}`);
  live.tabIndex = 0;

  const bar = make("div", "cw-bar");
  const first = button("|◀", "First step", () => go(0));
  const previous = button("◀ Previous", "", () => go(at - 1));
  const next = button("Next ▶", "", advance);
  const play = button("▶ Play", "", () => (timer ? stop() : start()));
  const slider = make("input", "cw-slider");
  Object.assign(slider, { type: "range", min: 1, max: total, value: 1 });
  set(slider, "aria-label", "Step");
  on(slider, "input", () => go(slider.value - 1));
  const count = make("span", "cw-count");
  const quiz = button("Quiz", "", () => { setQuiz(!asking); });
  set(quiz, "aria-pressed", "false");
  const score = make("span", "cw-score");
  set(score, "role", "status");
  const whole = button("Whole graph", "", () => {
    set(whole, "aria-pressed", String(whole.getAttribute("aria-pressed") !== "true"));
    fit();
  });
  set(whole, "aria-pressed", "false");
  whole.hidden = true;
  bar.append(first, previous, next, play, slider, count, whole, quiz, score);

  // The picture is in the page once, as the image; here it is taken apart.
  const graph = part("cw-graph", "The graph");
  graph.tabIndex = 0;
  const coded = decodeURIComponent(image.src.replace(/^[^,]*,/, ""));
  const drawing = new DOMParser().parseFromString(coded, "image/svg+xml");
  const svg = document.importNode(drawing.documentElement, true);
  // That is for the image, which shows itself: here the style sheet of the page says all.
  svg.querySelector("style").remove();
  set(svg, "role", "img");
  set(svg, "aria-label", image.alt);
  graph.append(svg);
  const place = new Map(nodes.map((node, i) => [node[0], i]));
  const boxes = nodes.map(() => []);
  for (const box of svg.querySelectorAll("g.node")) {
    const i = place.get(box.querySelector("title").textContent);
    if (i === undefined) continue;
    const [value, gradient] = box.querySelectorAll('text[text-anchor="end"]');
    const [x, y, width] = middle(box.querySelector("rect"));
    boxes[i].push({ box, value, gradient, x, y, width });
    box.classList.add("cw-node");
    on(box, "click", () => { jump(i); });
  }
  const edges = [...svg.querySelectorAll("g.edge")];

  const step = part("cw-step", "This step");
  const phase = make("p", "cw-phase");
  const formulas = make("div", "cw-formulas");
  const said = make("p", "cw-said");
  set(said, "aria-live", "polite");
  const question = make("form", "cw-question");
  const label = make("label", "cw-label");
  const answer = field();
  answer.classList.add("cw-answer");
  const check = button("Check", "", () => {});
  check.type = "submit";
  const reveal = button("Show", "Show the answer", () => { judge(null); });
  label.append(make("span", "cw-asked"), answer);
  question.append(label, check, reveal);
  question.hidden = true;
  on(question, "submit", (event) => { event.preventDefault(); judge(answer.value); });
  const verdict = make("p", "cw-verdict");
  set(verdict, "role", "status");
  step.append(phase, formulas, question, verdict, said);

  const values = part("cw-values", "Values and running gradients");
  values.tabIndex = 0;
  values.append(table);
  for (const part of [graph, values]) on(part, "scroll", () => { if (waiting) show(); });
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row, i) => {
    const name = button(nodes[i][0], `Go to ${nodes[i][0]}`, () => { jump(i); });
    name.classList.add("cw-name");
    row.cells[0].replaceChildren(name);
  });
  // Of leaves the whole gradient stands beside their numbers.
  const cells = rows.map((row, i) => {
    const [value, gradient] = [row.cells[2], row.cells[3]];
    if (!compute || leaves.includes(i)) return [value, gradient];
    const output = quiet(make("output"), `gradient of ${nodes[i][0]}`);
    gradient.replaceChildren(output);
    return [value, output];
  });
  const below = make("div", "cw-below");
  const numbers = compute ? lab() : null;
  if (numbers) below.append(numbers.group);
  below.append(step, values);
  const hint = make("p", "cw-hint",
    "← → one step, Home and End the ends, space plays; a click on a node goes to it.");
  // One below the other, whatever the rows of the page are.
  const notes = make("div", "cw-notes");
  const note = still.querySelector("p");
  if (note) {
    note.className = "cw-note";
    notes.append(note);
  }
  if (data.stays) notes.append(make("p", "cw-note", data.stays));
  if (notes.hasChildNodes()) live.append(notes);
  live.append(bar, graph, below, hint);
  still.replaceWith(live);

  // State -----------------------------------------------------------------------------------
  // The step that is shown, whether its question waits for an answer, and whether any are asked.
  let at = 0, open = false, asking = false, timer = 0;
  // The numbers that the whole picture takes when the time comes.
  let newest = null, waiting = 0;
  const begin = [];
  [begin[USE.after], begin[USE.short], begin[USE.tone]] = ["1", "1", "positive"];
  // The steps that were answered with the numbers that are shown.
  const answered = new Set();
  const scores = { right: 0, all: 0 };

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
    if (open) {
      stop();
      answer.value = "";
    }
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
    set(quiz, "aria-pressed", String(on));
    // At the end all answers are shown: it begins with the first question.
    if (on && at === total - 1 && uses.length) {
      answered.clear();
      at = nodes.length;
      advance();
    }
    if (!on && open) { open = false; render(); }
    if (numbers) numbers.tell();
    tell();
  }
  function tell() {
    score.textContent = asking || scores.all ? `Score: ${scores.right} of ${scores.all}` : "";
  }

  // The quiz --------------------------------------------------------------------------------
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
    answered.add(at);
    scores.all += 1;
    if (right) scores.right += 1;
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
    set(said, "aria-live", "polite");
    show();
    reachable(formulas);
    reachable(step);
    follow(use(at) ? use(at)[USE.operand] : at < nodes.length ? at : last);
  }
  // The same step with other numbers: they are not read out, at each of which a slider passes, and
  // what is out of sight in the picture and in the table follows when it rests.
  function renumbered(found) {
    const seen = inView();
    newest = found;
    redrawn(found, seen);
    clearTimeout(waiting);
    waiting = setTimeout(show, 200);
    answered.clear();
    put(verdict, "");
    set(said, "aria-live", "off");
    show(seen);
    if (!data.heading) return;
    titled(title, heading(), formula());
    if (root.closest(".cw-page")) document.title = heading();
  }
  function settle() {
    clearTimeout(waiting);
    if (waiting) redrawn(newest);
    waiting = 0;
  }
  function show(seen) {
    if (!seen) settle();
    const u = use(at), forward = at < nodes.length;
    // The last step whose numbers are shown.
    const known = open ? at - 1 : at;
    // The last step to each node that has received something.
    const reached = new Array(nodes.length).fill(null);
    if (known >= nodes.length) reached[last] = begin;
    for (let k = 0; k < known - nodes.length; k++) reached[uses[k][USE.operand]] = uses[k];
    nodes.forEach((node, i) => {
      const isValue = i <= known || !forward, at = reached[i];
      for (const b of boxes[i]) {
        if (!at || (seen && !seen.point(b))) continue;
        const step = written(at);
        inBox(b.gradient, step[USE.short], b.width - 58);
        set(b.gradient, "fill", data.tones[step[USE.tone]]);
      }
      if (seen && !seen.row(i)) return;
      put(cells[i][0], isValue ? node[2] : "");
      put(cells[i][1], at ? written(at)[USE.after] : "");
    });
    explain(u, forward);
    // The rest is where the step is, whatever the numbers are.
    if (seen) return;
    const active = u ? u[USE.operand] : forward ? at : last;
    const up = above(u ? u[USE.node] : -1);
    nodes.forEach((_, i) => {
      for (const { box, value, gradient } of boxes[i]) {
        box.classList.toggle("cw-active", i === active);
        box.classList.toggle("cw-lit", up.has(i));
        value.classList.toggle("cw-later", i > known && forward);
        gradient.classList.toggle("cw-later", !reached[i]);
      }
      rows[i].classList.toggle("cw-active", i === active);
      if (i === active) set(rows[i], "aria-current", "step");
      else rows[i].removeAttribute("aria-current");
    });
    edges.forEach((edge) => edge.classList.remove("cw-active", "cw-lit", "cw-done"));
    uses.forEach((w, k) => {
      const edge = edges[w[USE.edge]], done = nodes.length + 1 + k <= known;
      edge.classList.toggle("cw-done", done);
      edge.classList.toggle("cw-active", w === u || (forward && w[USE.node] === at));
      edge.classList.toggle("cw-lit", up.has(w[USE.node]) && up.has(w[USE.operand]));
    });
    previous.disabled = first.disabled = at === 0;
    next.disabled = at === total - 1;
    slider.value = at + 1;
    count.textContent = `Step ${at + 1} of ${total}`;
    const way = forward ? "forward" : "backward";
    set(slider, "aria-valuetext", `${count.textContent}, ${way}`);
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
  // Keeps the active node, and its row, in view without moving the page.
  function follow(i) {
    if (boxes[i].length) {
      const frame = frameOf(graph), b = frameOf(boxes[i][0].box);
      graph.scrollLeft += b.left + b.width / 2 - frame.left - frame.width / 2;
      graph.scrollTop += b.top + b.height / 2 - frame.top - frame.height / 2;
    }
    const frame = frameOf(values), row = frameOf(rows[i]);
    const head = frameOf(table.tHead).height;
    if (row.top < frame.top + head) values.scrollTop -= frame.top + head - row.top;
    if (row.bottom > frame.bottom) values.scrollTop += row.bottom - frame.bottom;
  }

  // The room there is --------------------------------------------------------------
  const title = root.querySelector(".cw-title"), plainTitle = title.textContent;
  const formula = () =>
    data.title.map((sides, i) => sidesOf(sides, i < data.title.length - 1 ? "," : "")).join(" ");
  function fit() {
    titled(title, heading() || plainTitle, formula());
    sized(live, graph, svg, whole);
    render();
  }
  on(window, "beforeprint", lay);
  on(window, "afterprint", lift);

  // Keys ------------------------------------------------------------------------------------
  const keys = {
    ArrowRight: advance, ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(total - 1),
  };
  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target, typing = target.type === "text";
    if (typing || target.type === "range") {
      if (typing) event.stopPropagation();
      return;
    }
    if (event.key === " " && target.tagName !== "BUTTON") (timer ? stop() : start());
    else if (keys[event.key]) { stop(); keys[event.key](); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  on(live, "keydown", key);
  // On a page of its own the keys work from anywhere.
  if (root.closest(".cw-page")) {
    on(document, "keydown", (event) => {
      if (!live.contains(event.target)) key(event);
    });
  }
  setQuiz(data.quiz);
  fit();
  if (numbers) numbers.begin();
  new ResizeObserver(fit).observe(root.closest(".cw-page") ? document.documentElement : root);
  return numbers && numbers.state;
})(NAME, DATA);
