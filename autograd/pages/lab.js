// The numbers given, to be changed: a field and a slider for each leaf, steps of gradient descent
// by those that are not held fixed, nudges, undo, reset, and a link that keeps them.
// Stands inside the function of walkthrough.js, in pages that have a program. `data.held` has the
// leaves that are held at first, `data.past` what may be undone, `data.saved` what Reset gives back,
// `data.before()` undoes what was before this graph, and tells whether anything was, and
// `data.kept()` is told of changes that a link keeps.

const RATE = "0.01", NUDGE = "0.01";
// Behind the number of a leaf in a link, where it is held fixed.
const FIXED = "!";
// What may still become a number while it is typed, if it is short.
const BEGUN = /^\s*[-+−]?\s*(\d*[.,]?\d*(e[-+−]?\d*)?\s*[*×·/]?\s*[-+−]?)?$/i;
const LONG = 60;
const exactly = (x) => (Number.isFinite(x) && x !== 0 ? String(x) : figure(x));
const quoted = (text) => `“${text.slice(0, 40)}${text.length > 40 ? "…" : ""}”`;

// The next of 1, 2, 5, 10, ... that is no less.
function rounded(x) {
  const ten = 10 ** Math.floor(Math.log10(x));
  return ten * [1, 2, 5, 10].find((k) => k * ten >= x * (1 - 1e-9));
}
// The ends and the step of a slider around a number.
function around(x) {
  const middle = Number.isFinite(x) ? x : 0;
  const size = Math.abs(middle), far = Number.MAX_VALUE / 4;
  const least = size === 0 || size > 1e-3 ? 1 : 0;
  const spread = Math.min(far, rounded(Math.max(2 * size, least)));
  const center = Math.max(-far, Math.min(far, middle));
  return { min: center - spread, max: center + spread, step: spread / 100 };
}

function lab() {
  const first = data.leaves.map(Number.parseFloat).map((x, k) =>
    ({ inf: Infinity, "-inf": -Infinity })[data.leaves[k]] ?? x);
  const saved = data.saved || first;
  const own = root.closest(".cw-page");
  const past = data.past || [];
  let given = [...first];
  const held = leaves.map((_, k) => (data.held || []).includes(k));
  let found = compute(given);
  // The control whose changes are one until it is left.
  let edited = null;

  const group = part("cw-lab", "Change the numbers");
  const told = make("p", "cw-told");
  set(told, "role", "status");
  function say(text, isWrong) {
    told.classList.toggle("cw-wrong", Boolean(isWrong));
    put(told, apart(text));
  }

  function wrong(text, kind) {
    set(text, "aria-invalid", "true");
    say(`${quoted(text.value.trim())} is ${kind}.`, true);
  }

  // Takes other numbers, and shows all that follows from them.
  function take(numbers, control) {
    if (numbers.every((x, k) => Object.is(x, given[k]))) return false;
    if (!control || edited !== control) past.push(given);
    edited = control || null;
    shift(numbers);
    return true;
  }
  function shift(numbers) {
    given = numbers;
    found = computed(given);
    tell(edited);
    renumbered(found);
    // While a control is held, what is out of sight waits.
    if (!edited) show();
  }
  const changedAt = (k, x) => given.map((old, i) => (i === k ? x : old));
  const name = (k) => nodes[leaves[k]][0];
  const result = () => `${z} = ${nodes[last][2]}`;

  // The leaves --------------------------------------------------------------------------------
  const list = make("div", "cw-leaves");
  const controls = leaves.map((i, k) => {
    const text = field(), bar = make("input", "cw-range");
    bar.type = "range";
    for (const control of [text, bar]) set(control, "aria-label", `value of ${name(k)}`);
    const output = quiet(make("output"), `gradient of ${name(k)}`);
    function settled() {
      edited = null;
      show();
      say(`${name(k)} = ${figure(given[k])}: ${result()}`);
      keep();
    }
    function typed(isDone) {
      const x = read(text.value);
      text.removeAttribute("aria-invalid");
      if (Number.isFinite(x)) {
        say("");
        take(changedAt(k, x), text);
      } else if (isDone || x !== undefined || !BEGUN.test(text.value.slice(0, LONG))) {
        wrong(text, x === undefined ? "no number: write one such as -0.25, 3/4 or 1e-3"
          : `no finite number: ${name(k)} stays ${figure(given[k])}`);
      }
      return Number.isFinite(x);
    }
    on(text, "input", () => { typed(false); });
    on(text, "change", () => { if (typed(true)) settled(); });
    on(text, "blur", () => {
      edited = null;
      text.removeAttribute("aria-invalid");
      tell();
    });
    on(text, "keydown", (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const x = +(given[k] + way * bar.step * (event.shiftKey ? 10 : 1)).toPrecision(12);
      if (Number.isFinite(x) && take(changedAt(k, x))) settled();
    });
    on(bar, "input", () => {
      say("");
      take(changedAt(k, +bar.value), bar);
    });
    on(bar, "change", settled);
    const hold = make("input");
    hold.type = "checkbox";
    hold.checked = held[k];
    set(hold, "aria-label", `hold ${name(k)} fixed in descent`);
    on(hold, "change", () => {
      held[k] = hold.checked;
      say(held[k] ? `${name(k)} is held fixed: a step of descent leaves it at ${figure(given[k])}.`
        : `${name(k)} moves with descent again.`);
      keep();
    });
    const fixed = make("label", "cw-hold");
    fixed.append(hold, "fixed");
    const row = make("div", "cw-leaf");
    const nudge = button("nudge", `nudge ${name(k)}`, () => nudged(k));
    const shown = make("span", "cw-slope", apart(`${ratio("d", z, name(k))} = `));
    shown.append(output, fixed, nudge);
    row.append(make("span", "cw-of", name(k)), text, bar, shown);
    list.append(row);
    return { text, bar, output, hold };
  });
  const outcome = quiet(make("output"), `value of ${z}`);
  const slopes = () => leaves.map((i) => found.gradients[i]);

  // Steps and nudges ----------------------------------------------------------------------------
  function size(words, start) {
    const box = make("label", "cw-size", words), text = field();
    text.value = start;
    box.append(text);
    return { box, text };
  }
  const rate = size("learning rate", RATE), by = size("nudge by", NUDGE);
  function amount({ text }) {
    const x = read(text.value);
    text.removeAttribute("aria-invalid");
    if (Number.isFinite(x)) return x;
    return wrong(text, "no finite number: write one such as 0.01");
  }
  function descended() {
    const learning = amount(rate);
    if (learning === undefined) return;
    if (learning < 0) {
      wrong(rate.text, "no learning rate: write a number from 0 on, such as 0.01");
      return;
    }
    const next = slopes().map((slope, k) =>
      (slope === 0 || held[k] ? given[k] : given[k] - learning * slope));
    const beyond = next.findIndex((x, k) => !Number.isFinite(x) && !Object.is(x, given[k]));
    const before = nodes[last][2];
    if (beyond >= 0) {
      say(`A step would take ${name(beyond)} to ${figure(next[beyond])}: all numbers stay.`, true);
    } else if (take(next)) {
      say(`${z} goes from ${before} to ${nodes[last][2]}.`);
      keep();
    } else {
      say(learning === 0 ? "Nothing moves: the learning rate is 0."
        : held.every(Boolean) ? "Nothing moves: every leaf is held fixed."
        : "Nothing moves: the gradients are 0, or too small.");
    }
  }
  function nudged(k) {
    const h = amount(by);
    if (h === undefined) return;
    const [before, slope, x] = [found.values[last], slopes()[k], given[k] + h];
    if (!Number.isFinite(x) || !take(changedAt(k, x))) {
      say(`${name(k)} cannot move by ${figure(h)}: it stays ${figure(given[k])}.`, true);
      return;
    }
    const step = signed(figure(h));
    // In a quiz the gradient is what is asked for.
    const promised = asking ? ""
      : `, the gradient said ${signed(figure(slope))} · ${step} = ${figure(slope * h)}`;
    say(`${name(k)} + ${step}: ${z} moves by ${figure(found.values[last] - before)}${promised}.`);
    keep();
  }
  function undone() {
    edited = null;
    if (!past.length) {
      if (!data.before || !data.before()) say("There is nothing to undo.");
      return;
    }
    shift(past.pop());
    say(`Undone: ${result()}`);
    keep();
  }
  function reset() {
    const moved = take([...saved]);
    say(moved ? `As saved: ${result()}` : "These are the saved numbers.");
    keep();
  }

  // The link ------------------------------------------------------------------------------------
  const link = make("a", "cw-button", "Link to these numbers");
  const address = () => "#" + leaves
    .map((_, k) => `${encodeURIComponent(name(k))}=${exactly(given[k])}${held[k] ? FIXED : ""}`)
    .join("&");
  // Keeps the numbers in the address of a page of its own; that of a notebook is not ours.
  function keep() {
    if (data.kept) data.kept();
    if (!own) return;
    link.href = address();
    const isSaved = given.every((x, k) => Object.is(x, saved[k]) && !held[k]);
    try {
      history.replaceState(null, "", isSaved ? location.pathname + location.search : link.href);
    } catch {
      // A page in a frame may have no address of its own.
    }
  }
  // The numbers of a link, and those held fixed, or a word on why it has none.
  function linked(text) {
    const numbers = [...saved], seen = new Set(), fixed = leaves.map(() => false);
    for (const part of text.split("&")) {
      const cut = part.indexOf("=");
      let key;
      try { key = decodeURIComponent(part.slice(0, Math.max(0, cut))); } catch { key = ""; }
      const k = leaves.findIndex((i) => nodes[i][0] === key);
      if (k < 0 || cut < 0) return `The link names ${quoted(key || part)}, which is no leaf here`;
      if (seen.has(k)) return `The link names ${quoted(key)} twice`;
      seen.add(k);
      fixed[k] = part.endsWith(FIXED);
      const written = part.slice(cut + 1, fixed[k] ? -1 : undefined), x = read(written);
      if (!Number.isFinite(x) && written !== exactly(saved[k])) {
        return `The link gives ${quoted(key)} as ${quoted(written)}, which is no finite number`;
      }
      numbers[k] = Number.isFinite(x) ? x : saved[k];
    }
    return { numbers, fixed };
  }
  function arrive() {
    const text = location.hash.slice(1);
    if (!text) return;
    const found = linked(text);
    if (typeof found === "string") say(`${found}: the numbers stay as they are.`, true);
    else {
      found.fixed.forEach((is, k) => { held[k] = controls[k].hold.checked = is; });
      if (take(found.numbers)) say(`The numbers of the link: ${result()}`);
    }
    link.href = address();
  }

  // Shows what the controls hold; the one that is used keeps its own text.
  function tell(used) {
    put(outcome, nodes[last][2]);
    leaves.forEach((i, k) => {
      const { text, bar, output } = controls[k], x = given[k];
      if (text !== used) {
        if (text.value !== figure(x)) text.value = figure(x);
        set(text, "title", exactly(x));
      }
      if (bar !== used) {
        if (!bar.max || x < +bar.min || x > +bar.max) Object.assign(bar, around(x));
        if (+bar.value !== x) bar.value = x;
      }
      set(bar, "aria-valuetext", figure(x));
      put(output, asking ? "?" : ending(i));
    });
  }
  // The gradient of a node as the last step to it leaves it.
  function ending(i) {
    if (i === last) return "1";
    const u = uses.findLast((w) => w[USE.operand] === i);
    return u ? written(u)[USE.after] : "0";
  }

  const buttons = make("div", "cw-bar");
  const undo = button("Undo", "", undone);
  buttons.append(button("Step of gradient descent", "", descended), rate.box, by.box, undo,
    button("Reset", "", reset));
  const head = make("p", "cw-labhead", "Change the numbers");
  if (!leaves.includes(last)) {
    const shown = make("span", "", apart(`${z} = `));
    shown.append(outcome);
    head.append(": ", shown);
  }
  if (own) {
    buttons.append(link);
    link.href = address();
  }
  group.append(head, list, buttons, told, make("p", "cw-branch",
    "The graph is that of the recorded branch."));
  function begin() {
    if (!own) return;
    arrive();
    on(window, "hashchange", arrive);
  }
  // For a page that makes this one anew.
  const state = { past, held, saved, undo, numbers: () => given };
  return { group, tell, begin, state };
}
