/* What stands around a program: its numbers, and the loop over samples, W of them side by side.
   Lanes beyond the last sample repeat it, and nothing is read from them. One by itself is a plain
   number: all is written so that it serves both. */

#include <math.h>

typedef REAL R;
#if W == 1
typedef R V;
typedef int M;
#define LANE(x, k) (x)
#define CHOOSE(mask, a, b) ((mask) ? (a) : (b))
#define ABS(x) fabs(x)
#define LIVE(x) (x)
#else
typedef R V __attribute__((vector_size(W * sizeof(R))));
typedef WHOLE M __attribute__((vector_size(W * sizeof(R))));
#define LANE(x, k) (x)[k]
#define CHOOSE(mask, a, b) ((V)(((M)(a) & (M)(mask)) | ((M)(b) & ~(M)(mask))))
#define ABS(x) ((V)((M)(x) & ~(M)all(-0.0)))
/* What a lane of a sample has, and 0 for the others. */
#define LIVE(x) ((V)((M)(x) & live))
#endif

static inline V all(R x) { return ALL; }

static inline M lanes(int m) {
  M live;
  for (int k = 0; k < W; k++) LANE(live, k) = k < m ? -1 : 0;
  return live;
}

/* The sum of all lanes, in each. */
static inline V folded(V x) {
  R total = LANE(x, 0);
  for (int k = 1; k < W; k++) total += LANE(x, k);
  return all(total);
}
