// All digits of a number, as Python's repr writes them.
function exactText(x) {
  if (!Number.isFinite(x)) return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [mantissa, e] = x.toExponential().split("e");
  if (+e >= 16 || +e < -4) return `${mantissa}e${exponentText(+e)}`;
  const text = +e < 0 ? x.toFixed(Math.max(0, mantissa.replace(/[-.]/g, "").length - 1 - e)) : String(x);
  return text.includes(".") ? text : `${text}.0`;
}

function exponentText(e) {
  return `${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
}
