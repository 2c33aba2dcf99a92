import os
import threading

import numpy as np
from scipy.sparse.linalg import LinearOperator
from threadpoolctl import threadpool_info, threadpool_limits

from netsci.graph.geometry.laplacian import lanczos
from netsci.graph.processors import one_blas_thread, processors, worker_count


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_the_solver_keeps_to_one_thread_and_gives_the_others_back():
    """On two, numpy's products and scipy's solver wait for each other at every step."""
    seen = []

    def times(x):
        seen.append(blas_threads())
        return np.arange(1.0, 31.0) * x

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        values, _ = lanczos(LinearOperator((30, 30), dtype=np.float64, matvec=times), k=2, v0=np.ones(30))
        assert blas_threads() == before
    np.testing.assert_allclose(values, [29, 30])
    assert before
    assert set(before) == {2}
    assert seen
    assert all(set(threads) == {1} for threads in seen)


def test_solves_that_overlap_leave_the_threads_as_they_were():
    """The first one ends within the second: what each of them found must not be what the last restores."""
    before = blas_threads()
    first_is_in, first_may_go = threading.Event(), threading.Event()
    inside = []

    def first():
        with one_blas_thread():
            inside.extend(blas_threads())
            first_is_in.set()
            first_may_go.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert first_is_in.wait(10)
    with one_blas_thread():
        first_may_go.set()
        thread.join(10)
    assert set(inside) == {1}
    assert blas_threads() == before
    with one_blas_thread():
        assert set(blas_threads()) == {1}


def test_an_error_inside_restores_the_threads():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        try:
            with one_blas_thread():
                raise KeyError
        except KeyError:
            pass
        assert blas_threads() == before


def test_processors_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6}, raising=False)
    assert processors() == worker_count(None) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert processors() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1
