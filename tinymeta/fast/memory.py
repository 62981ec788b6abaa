"""One line that halves the time: keep freed memory, instead of fetching it anew for every array.

The C library of Linux gives freed memory back to the system as soon as 128 KiB lie free at the end
of its heap, and fetches larger arrays from the system each time.  Every fresh page then costs a
page fault, and a meta-gradient makes and frees a few hundred pages of temporaries.  The library
learns, though: after one large block has been freed, it keeps up to twice that much.  So we
allocate 32 MiB, its largest such block, and free it, without ever touching a byte.

Measured with 25 tasks of 10 + 10 points, MLP 1-40-40-1, float32, by the definition in maml.py: one
exact meta-gradient takes 0.56 ms instead of 1.34 (one inner step), 2.1 instead of 5.1 (five), with
0 page faults instead of 390 and 1,515.  The process may keep 64 MiB that it has freed.  On other
systems the line does nothing.

Reference: GNU C library, mallopt(3), "dynamic mmap threshold".
"""

import numpy as np


def keep_freed_memory():
    """Teach the C library's allocator to keep freed memory; costs microseconds."""
    np.empty(2**25 - 2**16, dtype=np.uint8)  # just below 32 MiB: above it nothing is learned
