/* The function of each row of the table, by the row's name, on V: numbers of several samples side by
   side. They answer as Python's rows do at zeros, infinities and nan too. No derivative is written
   here: those are printed from the rows' rules, which call these functions. Rows that are operators
   have none. A program is given the functions it calls; each stands at the margin.

   What the C library computes is computed for the m samples that there are, one by one. */

#define EACH1(name, f) \
static V row_##name(V x, int m) { \
  for (int k = 0; k < m; k++) LANE(x, k) = (R)f(LANE(x, k)); \
  return x; \
}
#define EACH2(name, f) \
static V row_##name(V x, V y, int m) { \
  for (int k = 0; k < m; k++) LANE(x, k) = (R)f(LANE(x, k), LANE(y, k)); \
  return x; \
}

EACH1(exp, exp)
EACH1(expm1, expm1)
EACH1(log, log)
EACH1(log1p, log1p)
EACH1(log2, log2)
EACH1(sin, sin)
EACH1(cos, cos)
EACH1(tan, tan)
EACH1(asin, asin)
EACH1(acos, acos)
EACH1(atan, atan)
EACH1(sinh, sinh)
EACH1(cosh, cosh)
EACH1(tanh, tanh)
EACH1(asinh, asinh)
EACH1(acosh, acosh)
EACH1(atanh, atanh)
EACH2(atan2, atan2)
EACH1(sqrt, sqrt)
EACH1(erf, erf)
EACH1(erfc, erfc)
EACH2(pow, pow)
EACH2(power, pow)

static inline V row_reciprocal(V x, int m) {
  return all(1) / x;
}

static inline V row_square(V x, int m) {
  return x * x;
}

static inline V row_abs(V x, int m) {
  return ABS(x);
}

static V row_power_log(V x, V y, V k, int m) {
  V z = row_pow(x, y, m);
  V whole = z * row_pow(row_log(x, m), k, m);
  return CHOOSE((k == all(0)) | (z == all(0)), z, whole);
}

static V row_xlogy(V x, V y, int m) {
  return CHOOSE((x == all(0)) & (y == y), all(0), x * row_log(y, m));
}

static inline V row_xdivy(V x, V y, int m) {
  return CHOOSE((x == all(0)) & (y == y), all(0), x / y);
}

static V row_cathetus(V x, int m) {
  V near = all(1) - x * x, far = (all(1) - x) * (all(1) + x);
  return row_sqrt(CHOOSE(row_abs(x, m) < all(0.5), near, far), m);
}

static V row_sech_squared(V x, int m) {
  V z = all(1) / row_cosh(x, m);
  return z * z;
}

/* Of subnormal operands the length has few digits, and of the largest it overflows. */
static double direction(double x, double y) {
  double length = hypot(x, y);
  if (length > 0x1p-900 && length < INFINITY) return x / length;
  if (length == 0) return x;
  double scale = length < 1 ? 0x1p60 : 0x1p-60;
  return x / hypot(x * scale, y * scale) * scale;
}
EACH2(direction, direction)

static V row_sigmoid(V x, int m) {
  V e = row_exp(-row_abs(x, m), m);
  return CHOOSE(x >= all(0), all(1), e) / (all(1) + e);
}

static V row_softplus(V x, int m) {
  return CHOOSE(x > all(0), x, all(0)) + row_log1p(row_exp(-row_abs(x, m), m), m);
}

static inline V row_sign(V x, int m) {
  V zero = CHOOSE(x == all(0), all(0), all(NAN));
  return CHOOSE(x > all(0), all(1), CHOOSE(x < all(0), all(-1), zero));
}

static inline V row_step(V x, int m) {
  return CHOOSE(x > all(0), all(1), CHOOSE(x <= all(0), all(0), all(NAN)));
}

static inline V row_equal(V x, V y, int m) {
  return CHOOSE(x == y, all(1), CHOOSE((x == x) & (y == y), all(0), all(NAN)));
}

static inline V row_relu(V x, int m) {
  return CHOOSE(x <= all(0), all(0), x);
}

static V row_gelu(V x, int m) {
  V z = all(0.5) * x * row_erfc(-x * all(0.70710678118654757), m);
  return CHOOSE(x == all(-INFINITY), all(0), z);
}

static inline V row_share(V x, V y, int m) {
  return x / (x + y);
}

static V row_silu(V x, int m) {
  return CHOOSE(x == all(-INFINITY), all(0), x * row_sigmoid(x, m));
}

static inline V row_leaky_relu(V x, V slope, int m) {
  return CHOOSE(x <= all(0), slope * x, x);
}

static V row_elu(V x, V alpha, int m) {
  return CHOOSE(x <= all(0), alpha * row_expm1(x, m), x);
}

static inline V row_clip(V x, V low, V high, int m) {
  V beyond = CHOOSE(x < low, low, CHOOSE(x > high, high, all(NAN)));
  V outside = CHOOSE(low <= high, beyond, all(NAN));
  return CHOOSE((low <= x) & (x <= high), x, outside) + all(0);
}

static inline V row_where(V condition, V a, V b, int m) {
  return CHOOSE(condition == condition, CHOOSE(condition == all(0), b, a), condition);
}

/* Of zeros the sum with 0 is 0, also of -0. */
static V row_maximum(const V *xs, long n, int m) {
  V best = xs[0];
  for (long i = 1; i < n; i++) best = CHOOSE((xs[i] > best) | (xs[i] != xs[i]), xs[i], best);
  return best + all(0);
}

static V row_minimum(const V *xs, long n, int m) {
  V best = xs[0];
  for (long i = 1; i < n; i++) best = CHOOSE((xs[i] < best) | (xs[i] != xs[i]), xs[i], best);
  return best + all(0);
}

static V row_sum(const V *xs, long n, int m) {
  V total = xs[0];
  for (long i = 1; i < n; i++) total += xs[i];
  return total;
}

static V row_dot(const V *xs, long n, int m) {
  const V *ys = xs + n / 2;
  V total = xs[0] * ys[0];
  for (long i = 1; i < n / 2; i++) total += xs[i] * ys[i];
  return total;
}

/* Among subnormal numbers each step would round to a few digits: those are scaled, exactly. */
static V row_hypot(const V *xs, long n, int m) {
  V found = all(0);
  for (int k = 0; k < m; k++) {
    double largest = 0, length = 0;
    for (long i = 0; i < n; i++) largest = fmax(largest, fabs(LANE(xs[i], k)));
    double scale = largest < 0x1p-960 ? 0x1p60 : 1;
    for (long i = 0; i < n; i++) length = hypot(length, LANE(xs[i], k) * scale);
    LANE(found, k) = (R)(length / scale);
  }
  return found;
}

/* Shifted by the largest, with the rest under log1p, which keeps small terms. */
static V row_logsumexp(const V *xs, long n, int m) {
  V found = row_maximum(xs, n, m);
  for (int k = 0; k < m; k++) {
    double best = LANE(found, k), rest = 0;
    int is_met = 0;
    if (!isfinite(best)) continue;
    for (long i = 0; i < n; i++) {
      if (!is_met && LANE(xs[i], k) == best) is_met = 1;
      else rest += exp(LANE(xs[i], k) - best);
    }
    LANE(found, k) = (R)(best + log1p(rest));
  }
  return found;
}

static V row_select(const V *xs, long n, int m) {
  V found = all(NAN);
  for (int k = 0; k < m; k++) {
    double index = LANE(xs[0], k);
    if (!isfinite(index)) continue;
    index = fmin(fmax(index, 0), n - 2.0);
    LANE(found, k) = LANE(xs[1 + (long)floor(index + 0.5)], k);
  }
  return found;
}
