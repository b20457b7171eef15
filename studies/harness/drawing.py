"""Figures: drawn here, or in a process of their own while the next study is measured."""

import signal
import traceback
from contextlib import contextmanager
from multiprocessing import get_context

from studies.harness.study import load


def draw(study_id, data, params, mode) -> tuple[bytes, bytes]:
    """(SVG, PNG) of a study's figure; one that is not of a full run is marked."""
    from studies.harness import plotting

    with plotting.context():
        figure = load(study_id).draw(data, params)
        if mode != "full":
            plotting.watermark(figure, mode.upper())
        return plotting.render(figure)


@contextmanager
def apart():
    """Yields a `draw` that draws in another process; leaving the context ends that process, whatever it does."""
    process, pipe, left = None, None, False

    def drawn(*task):
        nonlocal process, pipe
        if process is None or not process.is_alive():
            pipe, far = get_context("spawn").Pipe()
            process = get_context("spawn").Process(target=_serve, args=(far,), daemon=True)
            process.start()
            far.close()  # so that each of the two notices the other's end
        pipe.send(task)
        try:
            figure, error = pipe.recv()
        except EOFError:
            raise KeyboardInterrupt if left else RuntimeError("the process that draws ended") from None
        if error is not None:
            raise error
        return figure

    try:
        yield drawn
    finally:
        left = True
        if process is not None:
            process.terminate()
            process.join()


def _serve(pipe):
    """Draws what is asked for until nobody is left to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((draw(*task), None))
        except Exception as error:
            error.add_note(traceback.format_exc())
            pipe.send((None, error))
