// The float function of each row of the table, by the row's name. They answer as Python's rows do
// at zeros, infinities and nan too, and lie within a few ulp of them elsewhere. No derivative is
// written here: those are printed from the rows' rules, which call these functions.
// A page is given the functions it uses: each stands alone at the margin, and nothing else does.
// Those that are operators in JavaScript as they are in Python have none.

const exp = Math.exp;
const expm1 = Math.expm1;
const log = Math.log;
const log1p = Math.log1p;
const log2 = Math.log2;
const sin = Math.sin;
const cos = Math.cos;
const tan = Math.tan;
const asin = Math.asin;
const acos = Math.acos;
const atan = Math.atan;
const sinh = Math.sinh;
const cosh = Math.cosh;
const tanh = Math.tanh;
const asinh = Math.asinh;
const acosh = Math.acosh;
const atanh = Math.atanh;
const atan2 = Math.atan2;
const sqrt = Math.sqrt;
const abs = Math.abs;
const hypot = Math.hypot;

function reciprocal(x) {
  return 1 / x;
}

function square(x) {
  return x * x;
}

// C's function gives 1 for 1 to the power of anything, and for -1 to the power of an infinity.
function pow(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

function power(x, n) {
  return pow(x, n);
}

function power_log(x, y, k) {
  const z = pow(x, y);
  return k === 0 || z === 0 ? z : z * pow(Math.log(x), k);
}

function xlogy(x, y) {
  return x === 0 && y === y ? 0 : x * Math.log(y);
}

function xdivy(x, y) {
  return x === 0 && y === y ? 0 : x / y;
}

function cathetus(x) {
  return Math.sqrt(Math.abs(x) < 0.5 ? 1 - x * x : (1 - x) * (1 + x));
}

function sech_squared(x) {
  const z = 1 / Math.cosh(x);
  return z * z;
}

// Of subnormal operands the length has few digits, and of the largest it overflows.
function direction(x, y) {
  const length = Math.hypot(x, y);
  if (length > 2 ** -900 && length < Infinity) return x / length;
  if (length === 0) return x;
  const scale = length < 1 ? 2 ** 60 : 2 ** -60;
  return x / Math.hypot(x * scale, y * scale) * scale;
}

// (1 + 2x) e^(x^2) erfc(x) for x >= 0 as a Chebyshev series in (x - 3.75) / (x + 3.75): Shepherd
// and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity",
// Mathematics of Computation 36, 1981. The coefficients were computed with 50 digits.
const ERFC = [
  1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189,
  -0.026658668435305753, 0.009074997670705265, -0.002413163540417608, 0.0004907758365258086,
  -6.916973302501207e-05, 4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07,
  1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11,
  2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
  3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624044e-17,
  5.068148904796111e-17,
];

// erfc of x >= 0.5.
function erfc_tail(x) {
  if (x > 28) return 0;
  const t = (x - 3.75) / (x + 3.75);
  let [last, before] = [0, 0];
  for (const c of ERFC.slice(1).reverse()) [last, before] = [2 * t * last - before + c, last];
  const scaled = (ERFC[0] + (t * last - before)) / (1 + 2 * x);
  // The square of a number of few digits is exact, and the rest of x^2 is small.
  const near = Math.trunc(x * 2 ** 20) / 2 ** 20;
  const rest = Math.expm1(-(x - near) * (x + near));
  // Beyond, e^(-x^2) is subnormal and has lost its digits; its root has not.
  const e = Math.exp(-near * near / (x < 26 ? 1 : 2));
  return (scaled + scaled * rest) * e * (x < 26 ? 1 : e);
}

// erf of |x| < 0.5 by its power series, in Horner's form.
function erf_middle(x) {
  let series = 0;
  for (let n = 13; n >= 0; n--) series = 1 / (2 * n + 1) - x * x / (n + 1) * series;
  return 2 / Math.sqrt(Math.PI) * x * series;
}

function erf(x) {
  if (!(Math.abs(x) >= 0.5)) return erf_middle(x);
  return x > 0 ? 1 - erfc_tail(x) : erfc_tail(-x) - 1;
}

function erfc(x) {
  if (!(Math.abs(x) >= 0.5)) return 1 - erf_middle(x);
  return x > 0 ? erfc_tail(x) : 2 - erfc_tail(-x);
}

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

function softplus(x) {
  return (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function sign(x) {
  return x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : NaN;
}

function step(x) {
  return x > 0 ? 1 : x <= 0 ? 0 : NaN;
}

function equal(x, y) {
  return x === y ? 1 : x === x && y === y ? 0 : NaN;
}

function relu(x) {
  return x <= 0 ? 0 : x;
}

function gelu(x) {
  return x === -Infinity ? 0 : 0.5 * x * erfc(-x * Math.SQRT1_2);
}

function share(x, y) {
  return x / (x + y);
}

function silu(x) {
  return x === -Infinity ? 0 : x * sigmoid(x);
}

function leaky_relu(x, slope) {
  return x <= 0 ? slope * x : x;
}

function elu(x, alpha) {
  return x <= 0 ? alpha * Math.expm1(x) : x;
}

function clip(x, low, high) {
  if (low <= x && x <= high) return x + 0;
  const beyond = x < low ? low : x > high ? high : NaN;
  return low <= high ? beyond + 0 : NaN;
}

function where(condition, a, b) {
  return condition === condition ? (condition ? a : b) : NaN;
}

// Of zeros the sum with 0 is 0, also of -0.
function maximum(...xs) {
  let best = xs[0];
  for (const x of xs) if (x > best || x !== x) best = x;
  return best + 0;
}

function minimum(...xs) {
  let best = xs[0];
  for (const x of xs) if (x < best || x !== x) best = x;
  return best + 0;
}

// A sum begins with -0, which changes no operand.
function sum(...xs) {
  return xs.length ? xs.reduce((total, x) => total + x, -0) : 0;
}

function dot(...xs) {
  const half = xs.length / 2;
  return sum(...xs.slice(0, half).map((x, i) => x * xs[half + i]));
}

function logsumexp(...xs) {
  const best = maximum(...xs);
  if (!Number.isFinite(best)) return best;
  const first = xs.indexOf(best);
  const rest = xs.filter((_, i) => i !== first).map((x) => Math.exp(x - best));
  return best + Math.log1p(sum(...rest));
}

function select(index, ...xs) {
  if (!Number.isFinite(index)) return NaN;
  return xs[Math.floor(Math.min(Math.max(index, 0), xs.length - 1) + 0.5)];
}
