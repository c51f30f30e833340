// The line to type an expression in, above a walkthrough of its graph, which is made anew for each.
// `data.text` and `data.values` are what the page begins with, `data.first` is the number of a name
// that has none yet, `data.most` how many nodes are shown, `data.examples` what there is to try. What is wrong is said, and the last good stays; what
// was shown before is kept, and taken back when nothing of its graph is left to undo.

const MOST_NAMES = 8;
const TITLED = 60; // characters of an expression in the title of the window
const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;
const ENDS = new Map([["inf", Infinity], ["-inf", -Infinity], ["nan", NaN]]);

function play(id, data) {
  const script = document.currentScript;
  const root = (script && script.closest(".chalk-play")) ||
    document.querySelector(`#${id}:not([data-play])`);
  if (!root || root.dataset.play) return;
  root.dataset.play = "1";
  const isPage = Boolean(root.closest(".cw-sheet"));

  const top = make("div", "chalk-walk cw cw-top");
  const form = make("form", "cw-form");
  const line = Object.assign(field(), { inputMode: "text", spellcheck: false, autocapitalize: "off" });
  line.classList.add("cw-typed");
  const label = make("label", "cw-expression", "Expression");
  label.append(line);
  const draw = Object.assign(button("Draw", "", () => {}), { type: "submit" });
  const link = button("Link", "Link to this expression and these numbers", () => {
    keep();
    say("The address of this page keeps the expression and the numbers.");
  });
  link.hidden = !isPage;
  form.append(label, draw, link);
  const fault = make("pre", "cw-fault");
  fault.id = `${id}-fault`;
  set(fault, "role", "alert");
  fault.hidden = true;
  set(line, "aria-describedby", fault.id);
  const examples = part("cw-bar cw-examples", "Examples");
  examples.append("Try: ", ...data.examples.map(([text, values]) =>
    button(text, `Example: ${text}`, () => show(text, Object.entries(values), []))));
  const word = make("p", "cw-said");
  set(word, "role", "status");
  const help = make("details", "cw-help");
  help.append(make("summary", "", "What can be typed"), make("p", "",
    "Numbers, names, + - * / **, parentheses, and parts with a name: u = x**2 + y; u*u. " +
    `pi and e are numbers. Functions: ${Object.keys(WORDS.functions).join(", ")}.`));
  const title = root.querySelector(".cw-title");
  top.append(title, form, fault, word, examples, help);
  root.querySelector(".chalk-walk").before(top);

  let now = null; // the text, the graph and the names that are shown, and their lab
  const earlier = []; // what was shown before
  let shown = 0; // how many graphs have been shown

  function say(text) {
    fault.hidden = true;
    put(fault, "");
    line.removeAttribute("aria-invalid");
    put(word, apart(text));
  }
  function refuse(text) {
    fault.hidden = false;
    put(fault, apart(text));
    set(line, "aria-invalid", "true");
    put(word, "");
  }

  // The graph of an expression. Numbers are given to names, and to leaves that the text gives one
  // when the reader has moved them since.
  function read(text, values, isExact) {
    const fresh = [];
    const given = Object.assign(Object.create(null), Object.fromEntries(values));
    const graph = parse(text, given, (name) => {
      fresh.push(name);
      return data.first;
    });
    const count = graph.nodes.length;
    if (count > data.most) throw new Fault(said(data.large, { count: count.toLocaleString("en-US") }), text);
    const names = namesOf(graph.labels);
    const leaves = leavesOf(graph);
    if (isExact) graph.leaves = leaves.map((i, k) => given[graph.labels[i]] ?? graph.leaves[k]);
    return { text, graph, names, leaves, fresh };
  }
  const leavesOf = ({ nodes }) => nodes.flatMap((node, i) => (node ? [] : [i]));

  // Shows an expression, with the numbers of some names and those of them that are held fixed.
  function show(text, values, held, isExact = false) {
    let next = null;
    try {
      next = read(text, values, isExact);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      refuse(String(error));
      return;
    }
    if (now && !isShown(next)) earlier.push(kept());
    const fixed = next.leaves.flatMap((i, k) => (held.includes(next.graph.labels[i]) ? [k] : []));
    enliven(next, { held: fixed, past: now && isShown(next) ? now.lab.past : [] });
    const verb = next.fresh.length > 1 ? "are" : "is";
    const names = listed(next.fresh);
    say(next.fresh.length ? `${names} ${verb} new, and ${verb} ${data.first} for a start.` : "");
    if (shown > 1) keep();
  }
  // Names in a sentence: the first ones, and none too long.
  function listed(names) {
    const first = names.slice(0, MOST_NAMES).map(shortLabel).join(", ");
    return names.length > MOST_NAMES ? `${first} and ${names.length - MOST_NAMES} more` : first;
  }
  function enliven(next, more) {
    now = next;
    line.value = now.text;
    if (isPage) document.title = `${shortened([...now.text], TITLED)} · ${title.textContent}`;
    const made = walkOf(now.graph, now.names);
    const name = `${id}-${(shown += 1)}`;
    const { nodes } = now.graph;
    root.querySelector(".chalk-walk:not(.cw-top)").replaceWith(stillOf(name, made));
    now.lab = walk(name, { ...made.data, ...more, before: back, kept: keep }, [(leaves) => chain(nodes, leaves)]);
    // With all numbers on all edges, as the key End shows them.
    root.querySelector(".cw-live").dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
  }
  const isShown = ({ text, graph }) => text === now.text &&
    graph.leaves.every((x, k) => Object.is(x, now.lab.numbers()[k]));

  // What is shown, to be shown again.
  function kept() {
    const { numbers, past, saved } = now.lab;
    return { text: now.text, numbers: numbers(), more: { held: places(), past, saved } };
  }
  const places = () => now.leaves.flatMap((_, k) => (now.lab.held[k] ? [k] : []));
  function back() {
    const last = earlier.pop();
    if (!last) return false;
    const next = read(last.text, named());
    next.graph.leaves = last.numbers;
    enliven(next, last.more);
    now.lab.undo.focus();
    say(`Undone: ${shortened([...last.text], LONGEST)}`);
    keep();
    return true;
  }

  // The numbers of the leaves by their names, and the names held fixed, as they are now.
  const labelOf = (k) => now.graph.labels[now.leaves[k]];
  const named = () => now.lab.numbers().flatMap((x, k) => (labelOf(k) ? [[labelOf(k), x]] : []));
  const heldNames = () => places().map(labelOf).filter(Boolean);

  // The address of a page of its own keeps the expression, and each leaf's name and number with
  // all its digits; that of a notebook is not ours.
  function keep() {
    if (!isPage) return;
    const told = [now.text, named().map(([name, x]) => [name, exactText(x)])];
    if (heldNames().length) told.push(heldNames());
    try {
      history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(told))}`);
    } catch {
      // A page in a frame may have no address of its own.
    }
  }
  function arrive() {
    if (location.hash.length < 2) return;
    const told = readLink(location.hash);
    if (told) show(told.text, told.values, told.held, true);
    else {
      refuse("The numbers of this link cannot be read: it was changed, or cut off. " +
        "What was here before is kept.");
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const [name, x] of now ? named() : []) known.set(name, x);
    show(line.value, known, now ? heldNames() : []);
  });
  form.addEventListener("keydown", (event) => event.stopPropagation());
  const known = new Map(); // the last number of every name
  show(data.text, data.values, []);
  if (isPage) {
    arrive();
    window.addEventListener("hashchange", arrive);
    // On a page of its own the keys of the steps work where nothing has the focus, too.
    document.addEventListener("keydown", (event) => {
      const { key, ctrlKey, altKey, metaKey } = event;
      if (event.target !== document.body) return;
      const again = new KeyboardEvent("keydown", { key, ctrlKey, altKey, metaKey, cancelable: true });
      if (!root.querySelector(".cw-live").dispatchEvent(again)) event.preventDefault();
    });
  }
}

// What a link keeps; null for one that was tampered with.
function readLink(hash) {
  let told = null;
  try {
    told = JSON.parse(decodeURIComponent(hash.slice(1)));
  } catch {
    return null;
  }
  const [text, pairs, held = [], ...more] = Array.isArray(told) ? told : [];
  const isText = (one) => typeof one === "string";
  const isNumber = (one) => ENDS.has(one) || (NUMBER.test(one) && Number.isFinite(Number(one)));
  const isPair = (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText) &&
    isNumber(pair[1]);
  if (!isText(text) || !Array.isArray(pairs) || !pairs.every(isPair)) return null;
  if (!Array.isArray(held) || !held.every(isText) || more.length) return null;
  return { text, values: pairs.map(([name, x]) => [name, ENDS.get(x) ?? Number(x)]), held };
}
