"""What was built to be faster, measured, and not kept: a section of the page, written by hand."""

TRIED = """\
## Tried and not kept: a second executor

An operation tape in Numba 0.68: the graph of the value and of its gradient, as the rows give it,
flattened to multiply, multiply-add, add, tanh and reductions over the batch, each a loop over 32
lanes of samples that LLVM turns into vector code. Tape and compiled NumPy program ran in turns in
one process, one thread, 41 rounds of 300 steps of [2, 16, 16, 1] batch 32 float64, on a machine
that was busy; losses and gradients agreed to 6e-17. It was to be kept at a ratio below 0.6.

| program | median | least | of compiled NumPy (middle half) |
| --- | --- | --- | --- |
| compiled NumPy, as shipped | 38.3 µs | 26.6 µs | 1 |
| tape, tanh's slope as the row has it | 51.3 µs | 36.8 µs | 1.37 (1.20 to 1.44) |
| tape, tanh's slope as 1 - z² (loses the tail) | 37.9 µs | 28.5 µs | 1.06 (0.78 to 1.12) |
| tape, tanh replaced by a product (a bound) | 23.0 µs | 19.9 µs | 0.75 (0.68 to 0.88) |

Even with tanh for nothing it misses 0.6: some 1,100 operations of 32 lanes cost about 18 ns each,
and NumPy does the same work in some thirty calls, with a tanh that is vectorised. The ratio hoped
for was against hand-written NumPy at 76 to 115 µs; the compiled program has made up that distance.
"""
