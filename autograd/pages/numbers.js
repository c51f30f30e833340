// Numbers as Python writes them.

// All digits, as repr does.
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

// Some digits, as the format g does.
function digitsText(x, digits) {
  if (!Number.isFinite(x)) return exactText(x);
  const [mantissa, e] = rounded(x, digits).split("e");
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (+e < -4 || +e >= digits) return `${short(mantissa)}e${exponentText(+e)}`;
  return short(Number(`${mantissa}e${e}`).toFixed(Math.max(0, digits - 1 - e)));
}

// In exponential form; a tie goes to the even digit, where JavaScript goes away from 0.
function rounded(x, digits) {
  const text = x.toExponential(digits - 1);
  const exact = x.toExponential(60).replace("-", "").replace(".", "").split("e")[0];
  if (!/^50*$/.test(exact.slice(digits)) || (+exact[digits - 1]) % 2) return text;
  const [mantissa, e] = x.toExponential(60).split("e");
  return `${mantissa.slice(0, mantissa.length - 60 + digits - 1).replace(/\.$/, "")}e${e}`;
}

function wholeDigits(x) {
  return Object.is(x, -0) ? "-0" : x.toFixed(0);
}

// On a picture: four digits, and whole numbers below a million in full.
function numberText(x) {
  return Math.abs(x) < 1e6 && Number.isInteger(x) ? wholeDigits(x) : digitsText(x, 4);
}

// In a sentence: six digits, and whole numbers below 10^9 in full.
function figure(x) {
  return Math.abs(x) < 1e9 && Number.isInteger(x) ? wholeDigits(x) : digitsText(x, 6);
}
