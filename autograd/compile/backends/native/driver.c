
/* Put samples side by side: of each argument, whose numbers for a sample stand one after the other. */
static void load(const R *const *inputs, long at, int m, V *x) {
  for (int a = 0; a < ARGUMENTS; a++)
    for (long c = 0; c < sizes[a]; c++, x++) {
      const R *from = inputs[a] + at * sizes[a] + c;
      for (int k = 0; k < W; k++) LANE(*x, k) = from[(k < m ? k : m - 1) * sizes[a]];
    }
}

/* Results of each sample, and sums over the samples. */
static void store(const V *t, const int *places, long n, R *to, long at, int m) {
  for (int k = 0; k < m; k++)
    for (long i = 0; i < n; i++) to[(at + k) * n + i] = LANE(t[places[i]], k);
}

static void add(const V *t, const int *places, long n, R *to, int m) {
  for (long i = 0; i < n; i++)
    for (int k = 0; k < m; k++) to[i] += LANE(t[places[i]], k);
}

static void scale(R *to, long n, R by) {
  for (long i = 0; i < n; i++) to[i] *= by;
}

#ifdef _WIN32
__declspec(dllexport)
#endif
