"""Give the memory of large blocks back to the system as soon as they are freed."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD = -3  # parameter of mallopt, <malloc.h> of glibc
LARGE_BLOCK_BYTES = 1 << 20  # from which on a block is mapped by itself


def return_large_blocks() -> None:
    """Let glibc map each large block by itself.

    By default it does so only until a block of 20 MB is freed; later blocks of that size leave holes in its heap, and a
    process that handled large pages keeps several times what it uses. Other systems are left as they are.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
