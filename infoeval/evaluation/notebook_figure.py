"""A figure that a notebook shows, though no pyplot has been told of it."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A figure of matplotlib with an image of itself for IPython."""

    def _repr_png_(self) -> bytes:
        written = io.BytesIO()
        self.savefig(written, format="png")
        return written.getvalue()
