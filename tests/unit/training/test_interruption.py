"""The first signal requests a stop, the second one stops at once."""

import os
import signal
import threading

import pytest

from dcrf.training.interruption import Interrupted, StopRequest, handle_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_requests_a_stop(number):
    stop = StopRequest()
    stop.raise_if_requested()
    with handle_signals(stop):
        os.kill(os.getpid(), number)

        assert stop.is_requested
        with pytest.raises(Interrupted) as caught:
            stop.raise_if_requested()

    assert caught.value.number == number
    assert isinstance(caught.value, KeyboardInterrupt)


def test_a_second_signal_interrupts():
    stop = StopRequest()
    with handle_signals(stop):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), signal.SIGTERM)

    assert caught.value.number == signal.SIGTERM


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGUSR1])
def test_a_batch_system_may_send_its_signal_several_times(first):
    stop = StopRequest()
    with handle_signals(stop):
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGUSR1)

        assert stop.number == first


def test_handlers_are_restored_also_after_an_error():
    before = signal.getsignal(signal.SIGTERM)

    def fail():
        with handle_signals(StopRequest()):
            assert signal.getsignal(signal.SIGTERM) != before
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()

    assert signal.getsignal(signal.SIGTERM) == before


def test_other_threads_do_not_change_handlers():
    before, handlers = signal.getsignal(signal.SIGINT), []

    def look():
        with handle_signals(StopRequest()):
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert handlers == [before]
