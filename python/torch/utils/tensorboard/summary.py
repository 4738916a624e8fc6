"""Protocol buffers of TensorBoard for values of each kind."""

from __future__ import annotations

import io
import json
import struct
import wave
from typing import Any, Optional

import numpy as np
from google.protobuf import struct_pb2
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

import torch
from torch.utils.tensorboard._convert_np import make_np
from torch.utils.tensorboard._utils import _prepare_video, convert_to_HWC

__all__ = [
    "audio",
    "compute_curve",
    "custom_scalars",
    "draw_boxes",
    "histogram",
    "histogram_raw",
    "hparams",
    "image",
    "image_boxes",
    "make_histogram",
    "make_image",
    "make_video",
    "mesh",
    "pr_curve",
    "pr_curve_raw",
    "scalar",
    "tensor_proto",
    "text",
    "video",
]

_FLOAT, _DOUBLE, _STRING = "DT_FLOAT", "DT_DOUBLE", "DT_STRING"


def _plugin(name: str, content: bytes = b"") -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name, content=content))


def _shape(sizes: Any) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=int(size)) for size in sizes])


def _one(tag: str, **value: Any) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, **value)])


# ---- numbers ---------------------------------------------------------------------------------------------------------


def scalar(
    name: str, tensor: Any, collections: Any = None, new_style: bool = False, double_precision: bool = False
) -> Summary:
    """One number."""
    array = make_np(tensor).squeeze()
    if array.ndim != 0:
        raise AssertionError(f"Tensor should contain one element (0 dimensions). Was given size: {array.size} and "
                             f"{array.ndim} dimensions.")  # fmt: skip
    number = float(array)
    if not new_style:
        return _one(name, simple_value=number)
    if double_precision:
        proto = TensorProto(double_val=[number], dtype=_DOUBLE)
    else:
        proto = TensorProto(float_val=[number], dtype=_FLOAT)
    return _one(name, tensor=proto, metadata=_plugin("scalars"))


# The values of a tensor by the field of the protocol buffer that takes them.
_FIELDS = {
    torch.float32: (_FLOAT, "float_val"),
    torch.float64: (_DOUBLE, "double_val"),
    torch.float16: ("DT_HALF", "half_val"),
    torch.bfloat16: ("DT_BFLOAT16", "half_val"),
    torch.uint8: ("DT_UINT8", "int_val"),
    torch.int8: ("DT_INT8", "int_val"),
    torch.int16: ("DT_INT16", "int_val"),
    torch.int32: ("DT_INT32", "int_val"),
    torch.int64: ("DT_INT64", "int64_val"),
    torch.bool: ("DT_BOOL", "bool_val"),
    torch.complex64: ("DT_COMPLEX64", "scomplex_val"),
    torch.complex128: ("DT_COMPLEX128", "dcomplex_val"),
}


def half_to_int(f: float) -> int:
    """The bits of a number of half precision."""
    return int.from_bytes(struct.pack("e", f), "little")


def int_to_half(i: int) -> float:
    """The number of half precision with these bits."""
    return struct.unpack("e", i.to_bytes(2, "little"))[0]


def tensor_proto(tag: str, tensor: torch.Tensor) -> Summary:
    """A whole tensor."""
    if tensor.numel() * tensor.itemsize >= 1 << 31:
        raise ValueError("tensor is bigger than protocol buffer's hard limit of 2GB in size")
    if tensor.dtype not in _FIELDS:
        raise ValueError(f"{tag} has unsupported tensor dtype {tensor.dtype}")
    kind, field = _FIELDS[tensor.dtype]
    flat = tensor.detach().cpu().contiguous().flatten()
    if field == "half_val":
        flat = flat.view(torch.int16).to(torch.int32) & 0xFFFF
    elif tensor.is_complex():
        flat = torch.view_as_real(flat).flatten()
    proto = TensorProto(dtype=kind, tensor_shape=_shape(tensor.shape), **{field: flat.tolist()})
    return _one(tag, tensor=proto, metadata=_plugin("tensor"))


# ---- histograms ------------------------------------------------------------------------------------------------------


def histogram_raw(
    name: str, min: float, max: float, num: int, sum: float, sum_squares: float, bucket_limits: Any, bucket_counts: Any
) -> Summary:
    """A histogram that is counted already."""
    counted = HistogramProto(
        min=min, max=max, num=num, sum=sum, sum_squares=sum_squares, bucket_limit=bucket_limits, bucket=bucket_counts
    )
    return _one(name, histo=counted)


def histogram(name: str, values: Any, bins: Any, max_bins: Optional[int] = None) -> Summary:
    """How often values lie between the limits ``bins``."""
    return _one(name, histo=make_histogram(make_np(values).astype(float), bins, max_bins))


def make_histogram(values: np.ndarray, bins: Any, max_bins: Optional[int] = None) -> HistogramProto:
    """Counts values; empty buckets on the outside are left out, but for one below."""
    if values.size == 0:
        raise ValueError("The input has no element.")
    values = values.reshape(-1)
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        together = len(counts) // max_bins
        counts = np.pad(counts, (0, -len(counts) % together)).reshape(-1, together).sum(-1)
        limits = np.append(limits[:-1][::together], limits[-1])
    filled = np.nonzero(counts)[0]
    if filled.size == 0:
        raise ValueError("The histogram is empty, please file a bug report.")
    first, last = int(filled[0]), int(filled[-1])
    # A bucket is known by its upper limit: the lower one of the first is the limit of an empty bucket before it.
    shown = np.concatenate([[0], counts[first : last + 1]])
    upper = limits[first : last + 2]
    if first > 0:
        shown, upper = counts[first - 1 : last + 1], limits[first : last + 2]
    return HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=values.dot(values),
        bucket_limit=upper.tolist(),
        bucket=shown.tolist(),
    )


# ---- pictures, films, sound ------------------------------------------------------------------------------------------


def _calc_scale_factor(tensor: Any) -> int:
    return 1 if make_np(tensor).dtype == np.uint8 else 255


def image(tag: str, tensor: Any, rescale: float = 1, dataformats: str = "NCHW") -> Summary:
    """A picture, or a grid of them; floating values from 0 to 1, bytes from 0 to 255."""
    array = make_np(tensor)
    scale = _calc_scale_factor(array)
    picture = convert_to_HWC(array, dataformats).astype(np.float32)
    pixels = np.clip(picture * scale, 0, 255).astype(np.uint8)
    return _one(tag, image=make_image(pixels, rescale=rescale))


def image_boxes(
    tag: str, tensor_image: Any, tensor_boxes: Any, rescale: float = 1, dataformats: str = "CHW", labels: Any = None
) -> Summary:
    """A picture with rectangles ``[xmin, ymin, xmax, ymax]`` drawn over it."""
    picture = convert_to_HWC(make_np(tensor_image), dataformats)
    scale = _calc_scale_factor(picture)
    pixels = np.clip(picture.astype(np.float32) * scale, 0, 255).astype(np.uint8)
    return _one(tag, image=make_image(pixels, rescale=rescale, rois=make_np(tensor_boxes), labels=labels))


def draw_boxes(disp_image: Any, boxes: np.ndarray, labels: Any = None) -> Any:
    """Draws rectangles with their labels over a picture of Pillow."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(disp_image)
    for i, (left, top, right, bottom) in enumerate(boxes.reshape(-1, 4).tolist()):
        draw.rectangle((left, top, right, bottom), outline="red", width=2)
        if labels is not None:
            text = str(labels[i])
            box = draw.textbbox((left, bottom), text)
            draw.rectangle(box, fill="red")
            draw.text((left, bottom), text, fill="black")
    return disp_image


def make_image(tensor: np.ndarray, rescale: float = 1, rois: Any = None, labels: Any = None) -> Summary.Image:
    """Pixels of height, width and channels as a PNG."""
    from PIL import Image

    height, width, channels = tensor.shape
    picture = Image.fromarray(tensor)
    if rois is not None:
        picture = draw_boxes(picture, rois, labels=labels)
    if rescale != 1:
        height, width = int(height * rescale), int(width * rescale)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=stream.getvalue())


def video(tag: str, tensor: Any, fps: float = 4) -> Summary:
    """Films (N, T, C, H, W), as an animated GIF."""
    array = _prepare_video(make_np(tensor))
    pixels = np.clip(array.astype(np.float32) * 255, 0, 255).astype(np.uint8)
    return _one(tag, image=make_video(pixels, fps))


def make_video(tensor: np.ndarray, fps: float) -> Summary.Image:
    """Frames of height, width and channels as an animated GIF."""
    from PIL import Image

    _, height, width, channels = tensor.shape
    frames = [Image.fromarray(frame[:, :, 0] if channels == 1 else frame) for frame in tensor]
    stream = io.BytesIO()
    frames[0].save(stream, format="GIF", save_all=True, append_images=frames[1:], duration=round(1000 / fps), loop=0)
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=stream.getvalue())


def audio(tag: str, tensor: Any, sample_rate: int = 44100) -> Summary:
    """Sound of one channel, from -1 to 1, as a WAV of 16 bits."""
    array = make_np(tensor)
    if np.abs(array).max() > 1:
        array = array.clip(-1, 1)
    if array.ndim == 1:
        array = array[:, None]
    elif array.ndim == 2:
        array = array.T if array.shape[0] == 1 else array
    if array.ndim != 2 or array.shape[1] != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    samples = (array[:, 0] * np.iinfo(np.int16).max).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    sound = Summary.Audio(
        sample_rate=sample_rate,
        num_channels=1,
        length_frames=len(samples),
        encoded_audio_string=stream.getvalue(),
        content_type="audio/wav",
    )
    return _one(tag, audio=sound)


# ---- texts, curves, meshes -------------------------------------------------------------------------------------------


def text(tag: str, text: str) -> Summary:
    """A text in Markdown."""
    proto = TensorProto(dtype=_STRING, string_val=[text.encode("utf-8")], tensor_shape=_shape([1]))
    metadata = _plugin("text", TextPluginData(version=0).SerializeToString())
    return _one(f"{tag}/text_summary", tensor=proto, metadata=metadata)


def compute_curve(labels: np.ndarray, predictions: np.ndarray, num_thresholds: int = 127, weights: Any = None) -> Any:
    """True and false positives and negatives, precision and recall at thresholds from 0 to 1, a row each."""
    weight = np.broadcast_to(1.0 if weights is None else np.asarray(weights, float), predictions.shape)
    at = np.clip(np.floor(predictions * (num_thresholds - 1)).astype(np.int64), 0, num_thresholds - 1)

    def above(of: np.ndarray) -> np.ndarray:
        counts = np.bincount(at.ravel(), weights=(of * weight).ravel(), minlength=num_thresholds)
        return counts[::-1].cumsum()[::-1]

    truth = labels.astype(float)
    tp, fp = above(truth), above(1.0 - truth)
    fn, tn = tp[0] - tp, fp[0] - fp
    precision = tp / np.maximum(1e-7, tp + fp)
    recall = tp / np.maximum(1e-7, tp + fn)
    return np.stack((tp, fp, tn, fn, precision, recall))


def pr_curve_raw(
    tag: str,
    tp: Any,
    fp: Any,
    tn: Any,
    fn: Any,
    precision: Any,
    recall: Any,
    num_thresholds: int = 127,
    weights: Any = None,
) -> Summary:
    """A curve of precision and recall that is counted already."""
    return _curve(tag, np.stack((tp, fp, tn, fn, precision, recall)), min(num_thresholds, 127))


def pr_curve(tag: str, labels: Any, predictions: Any, num_thresholds: int = 127, weights: Any = None) -> Summary:
    """The curve of precision and recall of predictions between 0 and 1."""
    num_thresholds = min(num_thresholds, 127)  # more do not fit TensorBoard's table
    return _curve(tag, compute_curve(labels, predictions, num_thresholds, weights), num_thresholds)


def _curve(tag: str, data: np.ndarray, num_thresholds: int) -> Summary:
    content = PrCurvePluginData(version=0, num_thresholds=num_thresholds).SerializeToString()
    proto = TensorProto(dtype=_FLOAT, float_val=data.reshape(-1).tolist(), tensor_shape=_shape(data.shape))
    return _one(tag, tensor=proto, metadata=_plugin("pr_curves", content))


def custom_scalars(layout: dict[str, dict[str, list]]) -> Summary:
    """A page of charts: category to title to ``["Multiline" or "Margin", tags]``."""
    categories = []
    for category, charts in layout.items():
        made = []
        for title, (kind, tags) in charts.items():
            if kind == "Margin":
                if len(tags) != 3:
                    raise AssertionError(f"Margin chart requires exactly 3 tags, got {len(tags)}")
                series = [layout_pb2.MarginChartContent.Series(value=tags[0], lower=tags[1], upper=tags[2])]
                made.append(layout_pb2.Chart(title=title, margin=layout_pb2.MarginChartContent(series=series)))
            else:
                made.append(layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags)))
        categories.append(layout_pb2.Category(title=category, chart=made))
    content = layout_pb2.Layout(category=categories).SerializeToString()
    proto = TensorProto(dtype=_STRING, string_val=[content], tensor_shape=TensorShapeProto())
    return _one("custom_scalars__config__", tensor=proto, metadata=_plugin("custom_scalars"))


def mesh(
    tag: str,
    vertices: Any,
    colors: Any,
    faces: Any,
    config_dict: Any,
    display_name: Optional[str] = None,
    description: Optional[str] = None,
) -> Summary:
    """Points in space with their colours, and triangles between them."""
    from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

    parts = [
        (tensor, kind)
        for tensor, kind in (
            (vertices, MeshPluginData.VERTEX),
            (faces, MeshPluginData.FACE),
            (colors, MeshPluginData.COLOR),
        )
        if tensor is not None
    ]
    present = 0
    for _, kind in parts:
        present |= 1 << kind
    values = []
    for tensor, kind in parts:
        array = make_np(tensor)
        content = MeshPluginData(
            version=0,
            name=tag,
            content_type=kind,
            components=present,
            json_config=json.dumps(config_dict or {}, sort_keys=True),
            shape=array.shape,
        ).SerializeToString()
        metadata = SummaryMetadata(
            display_name=display_name or "",
            summary_description=description or "",
            plugin_data=SummaryMetadata.PluginData(plugin_name="mesh", content=content),
        )
        proto = TensorProto(dtype=_FLOAT, float_val=array.reshape(-1).tolist(), tensor_shape=_shape(array.shape))
        name = f"{tag}_{MeshPluginData.ContentType.Name(kind)}"
        values.append(Summary.Value(tag=name, tensor=proto, metadata=metadata))
    return Summary(value=values)


# ---- hyperparameters -------------------------------------------------------------------------------------------------


def hparams(
    hparam_dict: Optional[dict] = None, metric_dict: Optional[dict] = None, hparam_domain_discrete: Any = None
) -> tuple[Summary, Summary, Summary]:
    """The experiment, the start and the end of a run with these hyperparameters and metrics."""
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.metadata import (
        EXPERIMENT_TAG,
        PLUGIN_DATA_VERSION,
        PLUGIN_NAME,
        SESSION_END_INFO_TAG,
        SESSION_START_INFO_TAG,
    )
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

    if not isinstance(hparam_dict, dict):
        raise TypeError("parameter: hparam_dict should be a dictionary, nothing logged.")
    if not isinstance(metric_dict, dict):
        raise TypeError("parameter: metric_dict should be a dictionary, nothing logged.")
    domains = hparam_domain_discrete or {}
    if not isinstance(domains, dict):
        raise TypeError("parameter: hparam_domain_discrete should be a dictionary, nothing logged.")
    for key, choices in domains.items():
        kind = type(hparam_dict.get(key))
        if key not in hparam_dict or not isinstance(choices, list) or any(type(c) is not kind for c in choices):
            raise TypeError(
                f"parameter: hparam_domain_discrete[{key}] should be a list of same type as hparam_dict[{key}]."
            )

    start, infos = SessionStartInfo(), []
    for key, value in hparam_dict.items():
        if value is None:
            continue
        if isinstance(value, torch.Tensor):
            value = value.item()
        if isinstance(value, bool):
            field, data_type = "bool_value", "DATA_TYPE_BOOL"
        elif isinstance(value, (int, float)):
            field, data_type = "number_value", "DATA_TYPE_FLOAT64"
        elif isinstance(value, str):
            field, data_type = "string_value", "DATA_TYPE_STRING"
        else:
            raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")
        setattr(start.hparams[key], field, value)
        options: dict[str, Any] = {}
        if key in domains:
            choices = [struct_pb2.Value(**{field: choice}) for choice in domains[key]]
            options["domain_discrete"] = struct_pb2.ListValue(values=choices)
        infos.append(api_pb2.HParamInfo(name=key, type=api_pb2.DataType.Value(data_type), **options))

    def summary(tag: str, **data: Any) -> Summary:
        content = HParamsPluginData(version=PLUGIN_DATA_VERSION, **data).SerializeToString()
        return _one(tag, metadata=_plugin(PLUGIN_NAME, content))

    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=key)) for key in metric_dict]
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)
    end = SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))
    return (
        summary(EXPERIMENT_TAG, experiment=experiment),
        summary(SESSION_START_INFO_TAG, session_start_info=start),
        summary(SESSION_END_INFO_TAG, session_end_info=end),
    )
