"""``SummaryWriter``: values of a run in a file that TensorBoard reads."""

from __future__ import annotations

import os
import re
import socket
import time
from datetime import datetime
from typing import Any, Optional, Union

import numpy as np
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.summary.writer.event_file_writer import EventFileWriter

import torch
from torch.utils.tensorboard import summary as make
from torch.utils.tensorboard._convert_np import make_np
from torch.utils.tensorboard._utils import figure_to_image

__all__ = ["FileWriter", "SummaryWriter"]


class FileWriter:
    """Puts summaries into one file, from a thread of its own.

    Args:
        log_dir: the folder.
        max_queue: values that wait before the caller does.
        flush_secs: seconds between writes.
        filename_suffix: the end of the file's name.
    """

    def __init__(
        self, log_dir: Union[str, os.PathLike], max_queue: int = 10, flush_secs: int = 120, filename_suffix: str = ""
    ) -> None:
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    def add_event(self, event: Event, step: Optional[int] = None, walltime: Optional[float] = None) -> None:
        """Writes an event at a step and a time."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(self, summary: Any, global_step: Optional[int] = None, walltime: Optional[float] = None) -> None:
        """Writes a summary at a step and a time."""
        self.add_event(event_pb2.Event(summary=summary), global_step, walltime)

    def add_graph(self, graph_profile: Any, walltime: Optional[float] = None) -> None:
        """Writes a graph with what ran it, both as protocol buffers."""
        graph, stepstats = graph_profile
        self.add_event(event_pb2.Event(graph_def=graph.SerializeToString()), None, walltime)
        metadata = event_pb2.TaggedRunMetadata(tag="step1", run_metadata=stepstats.SerializeToString())
        self.add_event(event_pb2.Event(tagged_run_metadata=metadata), None, walltime)

    def add_onnx_graph(self, graph: Any, walltime: Optional[float] = None) -> None:
        """Writes a graph as a protocol buffer."""
        self.add_event(event_pb2.Event(graph_def=graph.SerializeToString()), None, walltime)

    def flush(self) -> None:
        """Writes what waits."""
        self.event_writer.flush()

    def close(self) -> None:
        """Writes what waits and ends the file."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Opens the file again."""
        self.event_writer.reopen()


RecordWriter = EventFileWriter


class SummaryWriter:
    """Writes scalars, histograms, pictures, texts and more of a run for TensorBoard.

    Args:
        log_dir: the folder. Default: ``runs/`` with the date and the host's name.
        comment: the end of the default folder's name.
        purge_step: what was written from this step on, before a crash, is hidden.
        max_queue: values that wait before the caller does. Default: 10
        flush_secs: seconds between writes. Default: 120
        filename_suffix: the end of the file's name.
    """

    def __init__(
        self,
        log_dir: Union[str, os.PathLike, None] = None,
        comment: str = "",
        purge_step: Optional[int] = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            started = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{started}_{socket.gethostname()}{comment}")
        self.log_dir = log_dir
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.file_writer: Optional[FileWriter] = None
        self.all_writers: Optional[dict[Any, FileWriter]] = None
        self._get_file_writer()
        # TensorFlow's limits: a factor of 1.1 from one bucket to the next, on both sides of 0.
        positive, limit = [], 1e-12
        while limit < 1e20:
            positive.append(limit)
            limit *= 1.1
        self.default_bins = [-v for v in reversed(positive)] + [0] + positive

    def _get_file_writer(self) -> FileWriter:
        if self.all_writers is None or self.file_writer is None:
            self.file_writer = FileWriter(self.log_dir, self.max_queue, self.flush_secs, self.filename_suffix)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            if self.purge_step is not None:
                step = self.purge_step
                self.file_writer.add_event(Event(step=step, file_version="brain.Event:2"))
                self.file_writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))
                self.purge_step = None
        return self.file_writer

    def get_logdir(self) -> Any:
        """The folder."""
        return self.log_dir

    def _add(self, summary: Any, step: Optional[int], walltime: Optional[float]) -> None:
        self._get_file_writer().add_summary(summary, step, walltime)

    # ---- numbers ----

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A number, as a point of the curve ``tag``."""
        made = make.scalar(tag, scalar_value, new_style=new_style, double_precision=double_precision)
        self._add(made, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
    ) -> None:
        """Numbers for several curves in one chart; each is a run in a folder of its own."""
        walltime = time.time() if walltime is None else walltime
        folder = str(self._get_file_writer().get_logdir())
        assert self.all_writers is not None
        for tag, value in tag_scalar_dict.items():
            path = f"{folder}/{main_tag.replace('/', '_')}_{tag}"
            if path not in self.all_writers:
                self.all_writers[path] = FileWriter(path, self.max_queue, self.flush_secs, self.filename_suffix)
            self.all_writers[path].add_summary(make.scalar(main_tag, value), global_step, walltime)

    def add_tensor(
        self, tag: str, tensor: torch.Tensor, global_step: Optional[int] = None, walltime: Optional[float] = None
    ) -> None:
        """A whole tensor."""
        self._add(make.tensor_proto(tag, tensor), global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Optional[int] = None,
        bins: Any = "tensorflow",
        walltime: Optional[float] = None,
        max_bins: Optional[int] = None,
    ) -> None:
        """How values are distributed; ``bins``: "tensorflow", or what :func:`numpy.histogram` takes."""
        if isinstance(bins, str) and bins == "tensorflow":
            bins = self.default_bins
        self._add(make.histogram(tag, values, bins, max_bins=max_bins), global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: int,
        sum: float,
        sum_squares: float,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
    ) -> None:
        """A histogram that is counted already."""
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        made = make.histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._add(made, global_step, walltime)

    # ---- pictures, films, sound ----

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture; ``dataformats`` names its dimensions: CHW, HWC or HW. Needs Pillow."""
        self._add(make.image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
        dataformats: str = "NCHW",
    ) -> None:
        """A batch of pictures, as a grid. Needs Pillow."""
        if isinstance(img_tensor, list):
            if dataformats.upper() not in ("CHW", "HWC"):
                raise ValueError("A list of image is passed, but the dataformat is neither CHW nor HWC.")
            stack: Any = torch.stack if isinstance(img_tensor[0], torch.Tensor) else np.stack
            img_tensor, dataformats = stack(img_tensor, 0), "N" + dataformats
        self._add(make.image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Any = None,
    ) -> None:
        """A picture with rectangles ``[xmin, ymin, xmax, ymax]`` over it. Needs Pillow."""
        if isinstance(labels, str):
            labels = [labels]
        if labels is not None and len(labels) != box_tensor.shape[0]:
            labels = None
        made = make.image_boxes(tag, img_tensor, box_tensor, rescale=rescale, dataformats=dataformats, labels=labels)
        self._add(made, global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: Optional[int] = None,
        close: bool = True,
        walltime: Optional[float] = None,
    ) -> None:
        """A figure of matplotlib, or a list of them."""
        pictures = figure_to_image(figure, close)
        add = self.add_image if pictures.ndim == 3 else self.add_images
        add(tag, pictures, global_step, walltime, dataformats="CHW" if pictures.ndim == 3 else "NCHW")

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Optional[int] = None,
        fps: float = 4,
        walltime: Optional[float] = None,
    ) -> None:
        """Films of shape (N, T, C, H, W). Needs Pillow."""
        self._add(make.video(tag, vid_tensor, fps), global_step, walltime)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Optional[int] = None,
        sample_rate: int = 44100,
        walltime: Optional[float] = None,
    ) -> None:
        """Sound of shape (1, L), from -1 to 1."""
        self._add(make.audio(tag, snd_tensor, sample_rate=sample_rate), global_step, walltime)

    # ---- texts, curves, charts ----

    def add_text(
        self, tag: str, text_string: str, global_step: Optional[int] = None, walltime: Optional[float] = None
    ) -> None:
        """A text in Markdown."""
        self._add(make.text(tag, text_string), global_step, walltime)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Optional[int] = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Optional[float] = None,
    ) -> None:
        """The curve of precision and recall of predictions between 0 and 1."""
        made = make.pr_curve(tag, make_np(labels), make_np(predictions), num_thresholds, weights)
        self._add(made, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Optional[int] = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Optional[float] = None,
    ) -> None:
        """A curve of precision and recall that is counted already."""
        made = make.pr_curve_raw(
            tag,
            make_np(true_positive_counts),
            make_np(false_positive_counts),
            make_np(true_negative_counts),
            make_np(false_negative_counts),
            make_np(precision),
            make_np(recall),
            num_thresholds,
            weights,
        )
        self._add(made, global_step, walltime)

    def add_custom_scalars_multilinechart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """A chart of several curves."""
        self._add(make.custom_scalars({category: {title: ["Multiline", tags]}}), None, None)

    def add_custom_scalars_marginchart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """A chart of a curve between two others."""
        if len(tags) != 3:
            raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
        self._add(make.custom_scalars({category: {title: ["Margin", tags]}}), None, None)

    def add_custom_scalars(self, layout: dict[str, dict[str, list]]) -> None:
        """A page of charts: category to title to ``["Multiline" or "Margin", tags]``. Once in a run."""
        self._add(make.custom_scalars(layout), None, None)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Optional[dict] = None,
        global_step: Optional[int] = None,
        walltime: Optional[float] = None,
    ) -> None:
        """Points in space of shape (B, N, 3), with colours and triangles."""
        self._add(make.mesh(tag, vertices, colors, faces, config_dict), global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: dict[str, Any],
        metric_dict: dict[str, Any],
        hparam_domain_discrete: Optional[dict[str, list]] = None,
        run_name: Optional[str] = None,
        global_step: Optional[int] = None,
    ) -> None:
        """Hyperparameters and the metrics that they led to, as a run of its own."""
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        made = make.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        folder = os.path.join(self._get_file_writer().get_logdir(), run_name or str(time.time()))
        with SummaryWriter(log_dir=folder) as run:
            for part in made:
                run._get_file_writer().add_summary(part, global_step)
            for tag, value in metric_dict.items():
                run.add_scalar(tag, value, global_step)

    def add_embedding(
        self,
        mat: Any,
        metadata: Optional[list] = None,
        label_img: Optional[torch.Tensor] = None,
        global_step: Optional[int] = None,
        tag: str = "default",
        metadata_header: Optional[list[str]] = None,
    ) -> None:
        """Points (N, D) for the projector, with a label and a picture (N, C, H, W) for each."""
        points = make_np(mat)
        if points.ndim != 2:
            raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
        step = str(0 if global_step is None else global_step).zfill(5)
        place = f"{step}/" + re.sub(r"[^A-Za-z0-9_.-]", lambda c: f"%{ord(c.group()):02x}", tag)
        folder = os.path.join(self._get_file_writer().get_logdir(), place)
        os.makedirs(folder, exist_ok=True)
        config = ProjectorConfig()
        path = os.path.join(self._get_file_writer().get_logdir(), "projector_config.pbtxt")
        from google.protobuf import text_format

        if os.path.exists(path):
            with open(path) as file:
                text_format.Parse(file.read(), config)
        entry = config.embeddings.add(tensor_name=f"{tag}:{step}", tensor_path=f"{place}/tensors.tsv")
        if metadata is not None:
            if len(points) != len(metadata):
                raise AssertionError("#labels should equal with #data points")
            rows = metadata
            if metadata_header:
                rows = ["\t".join(metadata_header), *("\t".join(map(str, row)) for row in metadata)]
            with open(os.path.join(folder, "metadata.tsv"), "w", encoding="utf-8") as file:
                file.writelines(f"{row}\n" for row in rows)
            entry.metadata_path = f"{place}/metadata.tsv"
        if label_img is not None:
            self._write_sprite(make_np(label_img), len(points), folder)
            entry.sprite.image_path = f"{place}/sprite.png"
            entry.sprite.single_image_dim.extend([label_img.shape[3], label_img.shape[2]])
        with open(os.path.join(folder, "tensors.tsv"), "w", encoding="utf-8") as file:
            file.writelines("\t".join(map(str, row)) + "\n" for row in points.tolist())
        with open(path, "w") as file:
            file.write(text_format.MessageToString(config))

    @staticmethod
    def _write_sprite(pictures: np.ndarray, count: int, folder: str) -> None:
        """One square picture with all labels, row by row."""
        from PIL import Image

        from torch.utils.tensorboard._utils import make_grid

        if pictures.shape[0] != count:
            raise AssertionError("#images should equal with #data points")
        if pictures.shape[2] != pictures.shape[3]:
            raise AssertionError("Image should be square, see tensorflow/tensorboard#670")
        side = int(np.ceil(count**0.5))
        padding = np.zeros((side * side - count, *pictures.shape[1:]), dtype=pictures.dtype)
        grid = make_grid(np.concatenate([pictures, padding]), ncols=side).transpose(1, 2, 0)
        pixels = grid if grid.dtype == np.uint8 else (grid * 255).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(os.path.join(folder, "sprite.png"))

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """Not supported: models are not traced.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("SummaryWriter.add_graph: models are not traced; everything else can be written")

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Not supported.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("SummaryWriter.add_onnx_graph: ONNX graphs are not supported")

    # ---- the file ----

    def flush(self) -> None:
        """Writes what waits."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """Writes what waits and ends the files; the next value opens new ones."""
        for writer in (self.all_writers or {}).values():
            writer.flush()
            writer.close()
        self.file_writer = self.all_writers = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        self.close()
