"""One thread inside, as many as before outside."""

import scipy.linalg  # noqa: F401 - its pool is to be there
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from p300.threads import OneThread, one_thread


def threads():
    """Of linear algebra; torch keeps its own."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_it_is_one_thread_inside_and_as_before_outside():
    torch.set_num_threads(2)
    try:
        with threadpool_limits(2):
            with one_thread():
                assert threads() == {1}
                assert torch.get_num_threads() == 1
            assert threads() == {2}
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_it_can_be_entered_again_and_again():
    with threadpool_limits(2):
        alone = OneThread()
        for _ in range(2):
            with alone(), alone():
                assert threads() == {1}
            assert threads() == {2}
