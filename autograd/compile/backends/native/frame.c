/* What stands around a program: its numbers, and the loop over samples, W of them side by side.
   Lanes beyond the last sample repeat it, and nothing is read from them. */

#include <math.h>

typedef REAL R;
typedef R V __attribute__((vector_size(W * sizeof(R))));
typedef WHOLE M __attribute__((vector_size(W * sizeof(R))));
#define CHOOSE(mask, a, b) ((V)(((M)(a) & (M)(mask)) | ((M)(b) & ~(M)(mask))))

static inline V all(R x) { return ALL; }

/* What a lane of a sample has, and 0 for the others; and the sum of all lanes in each. */
#define LIVE(x) ((V)((M)(x) & live))

static inline M lanes(int m) {
  M live;
  for (int k = 0; k < W; k++) live[k] = k < m ? -1 : 0;
  return live;
}

static inline V folded(V x) {
  R total = x[0];
  for (int k = 1; k < W; k++) total += x[k];
  return all(total);
}
