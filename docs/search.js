/* What a search finds first: a page or name whose own title has the words asked for, before pages that
   have them in a heading or the text; and of equals the course. */
var Scorer = {
  score: ([docname, title, anchor, descr, score, filename, kind]) => {
    const query = new URLSearchParams(location.search).get("q") || "";
    const words = query.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter((word) => word.length > 2);
    const heading = title.toLowerCase();
    const last = heading.split(".").pop();
    const named = words.filter((word) => kind === "object" ? word === last : heading.includes(word)).length;
    return score + 2 * named + (docname.startsWith("course/") ? 0.5 : 0);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
