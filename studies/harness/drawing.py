"""Figures: drawn here, or in a process of their own while the next study is measured."""

import signal
import traceback
from contextlib import contextmanager, suppress
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
    running, left = [], False

    def drawn(*task):
        if not running:
            running.append(_start())
        pipe, _ = running[0]
        try:
            pipe.send(task)
            figure, error = pipe.recv()
        except (EOFError, ConnectionError):
            running.clear()  # the next figure gets another process
            raise KeyboardInterrupt if left else RuntimeError("the process that draws ended") from None
        if error is not None:
            raise error
        return figure

    try:
        yield drawn
    finally:
        left = True
        for _, process in running:
            process.terminate()
            process.join()


def _start():
    spawn = get_context("spawn")  # a fork would copy threads in the middle of training
    near, far = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(far,), daemon=True)
    process.start()
    far.close()  # so that each side notices when the other ends
    return near, process


def _serve(pipe):
    """Draws what is asked for until nobody is left to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            try:
                answer = draw(*task), None
            except Exception as error:
                error.add_note(traceback.format_exc())
                answer = None, error
            pipe.send(answer)
