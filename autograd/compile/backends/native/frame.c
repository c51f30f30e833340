/* What stands around a program: its numbers, and the loop over samples, W of them side by side.
   Lanes beyond the last sample repeat it, and nothing is read from them. */

#include <math.h>

typedef REAL R;
typedef R V __attribute__((vector_size(W * sizeof(R))));
typedef WHOLE M __attribute__((vector_size(W * sizeof(R))));
#define CHOOSE(mask, a, b) ((V)(((M)(a) & (M)(mask)) | ((M)(b) & ~(M)(mask))))

static inline V all(R x) { return ALL; }
