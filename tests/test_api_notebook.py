"""The Python API in a notebook: progress, and what cells show."""

import pytest
from small_tables import small_table

import evozc

CELL = """
import evozc
settings = evozc.SearchSettings(population=12, islands=2, generations=2, zoo=False)
found = evozc.search("small.npz", run="run", labels=30, settings=settings)
found
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """What a kernel shows for a search, and for its proxy."""
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipywidgets")
    import nbformat

    folder = tmp_path_factory.mktemp("notebook")
    evozc.save_table(small_table(), folder / "small.npz")
    made = [nbformat.v4.new_code_cell(code) for code in (CELL, "found.proxy")]
    notebook = nbformat.v4.new_notebook(cells=made)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder))
        client.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def of_kind(outputs, kind):
    """What was shown of a MIME type."""
    return [output.data[kind] for output in outputs if "data" in output and kind in output.data]


def test_progress_is_a_widget_that_is_drawn_over(cells):
    widgets = of_kind(cells[0], "application/vnd.jupyter.widget-view+json")
    assert len(widgets) == 1
    assert not any(output.output_type == "error" for output in cells[0])


def test_a_search_shows_its_front_and_a_proxy_its_formula(cells):
    (page,) = of_kind(cells[0], "text/html")[-1:]
    assert "Pareto front" in page
    (formula,) = of_kind(cells[1], "text/latex")
    assert formula.startswith("$")
    assert of_kind(cells[1], "text/plain")[0].startswith("Proxy(")
