"""SummaryWriter through the tensorboard package, read back; a clear error without the package."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch


def test_without_the_package() -> None:
    code = (
        "import sys; sys.modules['tensorboard'] = None\n"
        "try: import torch.utils.tensorboard\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "pip install tensorboard" in done.stdout


@pytest.fixture
def events(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from torch.utils.tensorboard import SummaryWriter

    def run(write, folder="", **options) -> dict:
        with SummaryWriter(str(tmp_path), **options) as writer:
            write(writer)
        found = {}
        for path in (tmp_path / folder).glob("events*"):
            for event in LegacyEventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    found[value.tag] = (event.step, value)
        return found

    run.folder = tmp_path
    return run


def test_scalars(events) -> None:
    def write(w) -> None:
        w.add_scalar("a", 1.5, 3)
        w.add_scalar("t", torch.tensor([2.0]), new_style=True, double_precision=True)
        w.add_scalars("main/x", {"one": 1, "two": 2}, 5)

    found = events(write)
    assert found["a"][0] == 3 and found["a"][1].simple_value == 1.5 and found["t"][1].tensor.double_val[0] == 2
    assert (events.folder / "main_x_one").is_dir()
    with pytest.raises(AssertionError):
        events(lambda w: w.add_scalar("bad", torch.ones(2)))


def test_histograms(events) -> None:
    def write(w) -> None:
        w.add_histogram("h", torch.tensor([0.0, 1, 2, 2, 3.5]), bins=[0, 1, 2, 3, 4, 5])
        w.add_histogram("default", np.linspace(-3, 5, 20))
        w.add_histogram("few", np.linspace(0, 1, 100), bins=20, max_bins=5)

    found = events(write)
    histo = found["h"][1].histo
    assert (histo.min, histo.max, histo.num, histo.sum) == (0, 3.5, 5, 8.5) and sum(histo.bucket) == 5
    assert len(histo.bucket) == len(histo.bucket_limit) and histo.bucket_limit[-1] == 4
    assert sum(found["default"][1].histo.bucket) == 20 and sum(found["few"][1].histo.bucket) == 100
    with pytest.raises(ValueError):
        events(lambda w: w.add_histogram("empty", torch.ones(0)))


def test_pictures_and_sound(events) -> None:
    image = pytest.importorskip("PIL.Image")
    import io

    pixels = (np.arange(48) * 5).astype(np.uint8).reshape(3, 4, 4)

    def write(w) -> None:
        w.add_image("u8", pixels)
        w.add_image("float", torch.full((2, 3), 0.5), dataformats="HW")
        w.add_images("grid", torch.rand(10, 1, 4, 4))
        w.add_image_with_boxes("boxes", torch.zeros(3, 16, 16), torch.tensor([[2, 2, 10, 10]]), labels="a")
        w.add_video("film", torch.rand(1, 3, 3, 4, 4))
        w.add_audio("sound", torch.linspace(-1, 1, 8)[None], sample_rate=8)

    found = {tag: value for tag, (_, value) in events(write).items()}
    shown = np.asarray(image.open(io.BytesIO(found["u8"].image.encoded_image_string)))
    assert (shown == pixels.transpose(1, 2, 0)).all()
    grey = np.asarray(image.open(io.BytesIO(found["float"].image.encoded_image_string)))
    assert grey.shape == (2, 3, 3) and (grey == 127).all()
    assert (found["grid"].image.height, found["grid"].image.width) == (8, 32)
    assert found["film"].image.encoded_image_string[:3] == b"GIF" and found["sound"].audio.length_frames == 8


def test_figures(events) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure(figsize=(1, 1), dpi=50)
    found = events(lambda w: w.add_figure("f", figure))
    assert found["f"][1].image.height == 50 and not plt.fignum_exists(figure.number)


def test_texts_curves_and_tensors(events) -> None:
    def write(w) -> None:
        w.add_text("t", "hello")
        w.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.5, 0.9]), num_thresholds=5)
        w.add_tensor("f", torch.arange(3.0))
        w.add_tensor("h", torch.ones(1, dtype=torch.bfloat16))
        w.add_mesh("m", torch.zeros(1, 3, 3), colors=torch.ones(1, 3, 3))
        w.add_custom_scalars({"A": {"b": ["Multiline", ["x"]], "c": ["Margin", ["l", "m", "u"]]}})

    found = {tag: value for tag, (_, value) in events(write).items()}
    assert found["t/text_summary"].tensor.string_val[0] == b"hello"
    assert list(found["pr"].tensor.float_val[:5]) == [2, 2, 2, 1, 0] and found["f"].tensor.float_val[2] == 2
    assert found["h"].tensor.half_val[0] == 0x3F80 and {"m_VERTEX", "m_COLOR", "custom_scalars__config__"} <= set(found)


def test_hyperparameters_and_embeddings(events) -> None:
    def write(w) -> None:
        w.add_hparams({"lr": 0.1, "name": "x", "on": True, "none": None}, {"acc": 0.5}, {"lr": [0.1, 0.2]}, "run")
        w.add_embedding(torch.eye(3), metadata=["a", "b", "c"], label_img=torch.ones(3, 3, 4, 4), global_step=2)

    pytest.importorskip("PIL")
    events(write)
    runs = events(lambda w: None, folder="run")
    assert runs["acc"][1].simple_value == 0.5 and "_hparams_/experiment" in runs
    folder = events.folder / "00002" / "default"
    assert (folder / "metadata.tsv").read_text() == "a\nb\nc\n" and (folder / "sprite.png").exists()
    assert "00002/default/tensors.tsv" in (events.folder / "projector_config.pbtxt").read_text()
    for wrong in ({"lr": object()}, {"lr": [1]}):
        with pytest.raises(ValueError):
            events(lambda w, wrong=wrong: w.add_hparams(wrong, {}))
    with pytest.raises(NotImplementedError):
        events(lambda w: w.add_graph(torch.nn.Linear(1, 1), torch.ones(1)))
