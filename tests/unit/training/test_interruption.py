"""A signal is a wish, a second one an order."""

import os
import signal
import threading

import pytest

from dcrf.training.interruption import Interrupted, Stop, signals_to


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_wish_that_is_granted_where_it_suits(number):
    stop = Stop()
    stop.here()
    with signals_to(stop):
        os.kill(os.getpid(), number)

        assert stop.is_wanted
        with pytest.raises(Interrupted) as caught:
            stop.here()

    assert caught.value.number == number
    assert isinstance(caught.value, KeyboardInterrupt)


def test_a_second_signal_interrupts():
    stop = Stop()
    with signals_to(stop):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), signal.SIGTERM)

    assert caught.value.number == signal.SIGTERM


def test_handlers_come_back_also_after_an_error():
    before = signal.getsignal(signal.SIGTERM)

    def fail():
        with signals_to(Stop()):
            assert signal.getsignal(signal.SIGTERM) != before
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()

    assert signal.getsignal(signal.SIGTERM) == before


def test_other_threads_leave_the_handlers_alone():
    before, found = signal.getsignal(signal.SIGINT), []

    def look():
        with signals_to(Stop()):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert found == [before]
