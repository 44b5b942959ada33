import signal

import numpy as np
import pytest

from pyhwnas import moo


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer on this system")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_ends_a_long_kernel(threads):
    """The exception of the signal's handler comes out of the kernel, long before its result."""
    F = np.abs(np.random.default_rng(0).standard_normal((600, 8)))  # takes hours
    F /= np.linalg.norm(F, axis=1, keepdims=True)

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            moo.hypervolume(F, np.ones(8), threads=threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
