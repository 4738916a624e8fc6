"""The table of modules with their options, and what is asked of each: constructor and inputs as text for both sides.

In the inputs ``R`` draws normal numbers, ``U`` uniform ones, ``I(n, ...)`` whole numbers below n.
"""

from __future__ import annotations

SHAPES = {1: "2, 4, 10", 2: "2, 4, 9, 10", 3: "2, 4, 5, 6, 7"}

# For each number of dimensions.
EACH = [
    "nn.Conv{d}d(4, 6, 3, stride=2, padding=1)",
    "nn.Conv{d}d(4, 6, 3, padding='same', padding_mode='circular')",
    "nn.Conv{d}d(4, 6, 2, padding=1, padding_mode='reflect', groups=2, bias=False)",
    "nn.ConvTranspose{d}d(4, 6, 3, stride=2, output_padding=1)",
    "nn.ConvTranspose{d}d(4, 6, 3, padding=1, dilation=2, groups=2, bias=False)",
    "nn.MaxPool{d}d(3, 2, 1)",
    "nn.AvgPool{d}d(2, padding=1)",
    "nn.AvgPool{d}d(2, ceil_mode=True, count_include_pad=False)",
    "nn.AdaptiveAvgPool{d}d(3)",
    "nn.AdaptiveMaxPool{d}d(3)",
    "nn.LPPool{d}d(2, 3, 2)",
    "nn.BatchNorm{d}d(4)",
    "nn.InstanceNorm{d}d(4)",
    "nn.InstanceNorm{d}d(4, affine=True, track_running_stats=True, momentum=0.3)",
    "nn.ConstantPad{d}d(1, 2.5)",
    "nn.ZeroPad{d}d(2)",
    "nn.ReflectionPad{d}d(1)",
    "nn.ReplicationPad{d}d(2)",
    "nn.CircularPad{d}d(1)",
    "nn.Dropout{d}d(0.3)",
    "nn.LazyConv{d}d(6, 3, padding=1)",
    "nn.LazyConvTranspose{d}d(6, 3, stride=2)",
    "nn.LazyBatchNorm{d}d(momentum=None)",
    "nn.LazyInstanceNorm{d}d(affine=True)",
]

LAYERS = {
    "nn.Linear(4, 3)": "R(2, 4)",
    "nn.Linear(4, 3, bias=False)": "R(2, 5, 4)",
    "nn.Linear(4, 3, True)": "R(4)",
    "nn.LazyLinear(3)": "R(2, 4)",
    "nn.Bilinear(4, 3, 2)": "R(5, 4), R(5, 3)",
    "nn.Bilinear(4, 3, 2, bias=False)": "R(2, 5, 4), R(2, 5, 3)",
    "nn.Identity()": "R(2, 6)",
    "nn.Flatten()": "R(2, 3, 4)",
    "nn.Flatten(0, 1)": "R(2, 3, 4)",
    "nn.Unflatten(1, (2, -1))": "R(2, 6)",
    "nn.Embedding(7, 3, padding_idx=-2)": "torch.tensor([[1, 5, 2], [5, 0, 1]])",
    "nn.Embedding(7, 3, scale_grad_by_freq=True)": "torch.tensor([[1, 5, 2], [5, 0, 1]])",
    "nn.EmbeddingBag(10, 3)": "torch.tensor([1, 2, 4, 5, 4, 3]), torch.tensor([0, 2, 2])",
    "nn.EmbeddingBag(10, 3, mode='sum', include_last_offset=True)": "torch.tensor([1, 2, 4, 5, 4]), torch.tensor([0, 2, 5])",
    "nn.EmbeddingBag(10, 3, mode='max', padding_idx=2)": "torch.tensor([[1, 2, 4], [5, 4, 3]])",
    "nn.EmbeddingBag(10, 3, mode='sum', scale_grad_by_freq=True)": "torch.tensor([[1, 2, 4], [5, 4, 4]])",
    # ---- convolution ----
    "nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False)": "R(2, 4, 7, 8)",
    "nn.Conv2d(2, 3, 3, padding='same', dilation=2)": "R(1, 2, 6, 5)",
    "nn.Conv2d(2, 3, 3, padding='valid')": "R(1, 2, 6, 5)",
    "nn.Conv2d(2, 3, 3)": "R(2, 6, 5)",
    "nn.Conv2d(3, 6, 3, groups=3)": "R(2, 3, 6, 5).to(memory_format=torch.channels_last)",
    "nn.Unfold((2, 3), padding=1)": "R(1, 2, 4, 5)",
    "nn.Fold((4, 5), 2)": "R(2, 8, 12)",
    "nn.PixelShuffle(2)": "R(2, 8, 3, 4)",
    "nn.PixelUnshuffle(3)": "R(2, 1, 6, 9)",
    "nn.ChannelShuffle(2)": "R(2, 6, 3)",
    "nn.Upsample(scale_factor=2)": "R(2, 3, 5)",
    "nn.Upsample((5, 7), mode='bicubic', align_corners=True)": "R(1, 2, 4, 4)",
    "nn.Upsample(scale_factor=(1.5, 0.7), mode='bilinear', recompute_scale_factor=True)": "R(1, 2, 4, 6)",
    "nn.Upsample(scale_factor=2, mode='trilinear')": "R(1, 2, 3, 4, 2)",
    "nn.UpsamplingBilinear2d(scale_factor=2)": "R(1, 2, 3, 4)",
    "nn.UpsamplingNearest2d((5, 6))": "R(1, 2, 3, 4)",
    # ---- pooling ----
    "nn.MaxPool2d((3, 2), stride=(1, 2), padding=1, dilation=(1, 1), ceil_mode=True)": "R(2, 3, 6, 7)",
    "nn.MaxPool2d(2, return_indices=True)": "R(2, 3, 6, 7)",
    "nn.AvgPool2d(3, 2, 1, divisor_override=5)": "R(2, 3, 6, 7)",
    "nn.AdaptiveAvgPool2d((2, None))": "R(2, 3, 6, 7)",
    "nn.AdaptiveMaxPool2d((None, 3), return_indices=True)": "R(2, 3, 6, 7)",
    "nn.FractionalMaxPool2d(2, 3)": "R(2, 2, 8, 9)",
    "nn.FractionalMaxPool2d(2, output_ratio=0.6)": "R(2, 2, 8, 9)",
    "nn.FractionalMaxPool3d(2, output_ratio=(0.5, 0.6, 0.7))": "R(1, 2, 6, 7, 8)",
    "nn.MaxUnpool1d(2)": "R(1, 2, 3), torch.tensor([[[0, 3, 4], [1, 2, 5]]])",
    "nn.MaxUnpool2d(2)": "R(1, 1, 2, 2), torch.tensor([[[[0, 2], [9, 15]]]])",
    "nn.MaxUnpool3d(2)": "R(1, 1, 1, 1, 2), torch.tensor([[[[[5, 15]]]]])",
    # ---- normalisation ----
    "nn.BatchNorm1d(4)": "R(5, 4)",
    "nn.BatchNorm1d(4, momentum=None, eps=1e-3)": "R(5, 4, 3)",
    "nn.BatchNorm2d(3, momentum=0.3)": "R(2, 3, 4, 5)",
    "nn.BatchNorm2d(3, affine=False)": "R(2, 3, 4, 5)",
    "nn.BatchNorm2d(3, track_running_stats=False)": "R(2, 3, 4, 5)",
    "nn.BatchNorm2d(3, bias=False)": "R(2, 3, 4, 5)",
    "nn.SyncBatchNorm(4)": "R(3, 4, 2)",
    "nn.LayerNorm(5)": "R(2, 3, 5)",
    "nn.LayerNorm((3, 5), eps=1e-3)": "R(2, 3, 5)",
    "nn.LayerNorm([5], elementwise_affine=False)": "R(2, 3, 5)",
    "nn.LayerNorm(5, bias=False)": "R(2, 3, 5)",
    "nn.RMSNorm(5)": "R(2, 3, 5)",
    "nn.RMSNorm((3, 5), eps=1e-2, elementwise_affine=False)": "R(2, 3, 5)",
    "nn.GroupNorm(2, 4)": "R(3, 4, 5)",
    "nn.GroupNorm(1, 4, affine=False)": "R(3, 4, 2, 2)",
    "nn.GroupNorm(4, 4, bias=False)": "R(3, 4, 2)",
    "nn.LocalResponseNorm(3)": "R(2, 5, 4)",
    "nn.LocalResponseNorm(2, alpha=0.5, k=2.0)": "R(2, 5, 3, 3)",
    # ---- dropout ----
    "nn.Dropout(0.3)": "R(4, 25)",
    "nn.Dropout(0.0)": "R(4, 5)",
    "nn.Dropout(1.0)": "R(4, 5)",
    "nn.AlphaDropout(0.3)": "R(4, 5)",
    "nn.FeatureAlphaDropout(0.4)": "R(4, 5, 3)",
    # ---- activations ----
    "nn.ReLU()": "R(3, 4)",
    "nn.ReLU6()": "R(3, 4)",
    "nn.Sigmoid()": "R(3, 4)",
    "nn.Tanh()": "R(3, 4)",
    "nn.GELU()": "R(3, 4)",
    "nn.GELU('tanh')": "R(3, 4)",
    "nn.SiLU()": "R(3, 4)",
    "nn.LeakyReLU(0.2)": "R(3, 4)",
    "nn.ELU(0.7)": "R(3, 4)",
    "nn.CELU(0.7)": "R(2, 5)",
    "nn.SELU()": "R(2, 5)",
    "nn.RReLU()": "R(2, 5)",
    "nn.RReLU(0.2, 0.3, inplace=False)": "R(2, 5)",
    "nn.Softplus(2.0, 1.5)": "R(3, 4)",
    "nn.Hardshrink()": "R(3, 7)",
    "nn.Softshrink(0.3)": "R(3, 7)",
    "nn.Hardtanh(-0.5, 0.7)": "R(3, 4)",
    "nn.Threshold(0.1, 20)": "R(3, 4)",
    "nn.LogSigmoid()": "R(3, 4)",
    "nn.Mish()": "R(3, 4)",
    "nn.Hardswish()": "R(3, 4)",
    "nn.Hardsigmoid()": "R(3, 4)",
    "nn.GLU(1)": "R(3, 4, 2)",
    "nn.PReLU()": "R(3, 4)",
    "nn.PReLU(4, 0.1)": "R(3, 4, 2)",
    "nn.Softsign()": "R(3, 4)",
    "nn.Tanhshrink()": "R(3, 4)",
    "nn.Softmax(dim=1)": "R(3, 4)",
    "nn.Softmax()": "R(3, 4)",
    "nn.Softmin(dim=0)": "R(3, 4)",
    "nn.Softmax2d()": "R(2, 3, 4, 2)",
    "nn.LogSoftmax(dim=-1)": "R(3, 4)",
    # ---- several inputs ----
    "nn.PairwiseDistance(3, keepdim=True)": "R(3, 5), R(3, 5)",
    "nn.PairwiseDistance()": "R(5), R(5)",
    "nn.CosineSimilarity()": "R(3, 5), R(3, 5)",
    "nn.CosineSimilarity(0, 0.1)": "R(3, 5), R(3, 5)",
    # ---- containers ----
    "nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))": "R(2, 1, 6, 6)",
    "nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))": "R(2, 3, 5, 5)",
    "nn.Sequential(nn.Linear(4, 8), nn.ReLU(True), nn.Dropout(0.2), nn.Linear(8, 4, bias=False), nn.Tanh())": "R(5, 4)",
    "nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))": "R(2, 4)",
    "nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))": "R(2, 4)",
    "nn.utils.weight_norm(nn.Conv1d(2, 3, 3), dim=1)": "R(2, 2, 7)",
    "nn.utils.spectral_norm(nn.Conv1d(2, 3, 3))": "R(2, 2, 7)",
    # ---- recurrent ----
    "nn.RNN(3, 4, 2)": "R(5, 2, 3)",
    "nn.RNN(3, 4, nonlinearity='relu', batch_first=True)": "R(2, 5, 3), R(1, 2, 4)",
    "nn.GRU(3, 4, 2, bidirectional=True)": "R(5, 2, 3)",
    "nn.GRU(3, 4, bias=False)": "R(5, 3), R(1, 4)",
    "nn.GRU(3, 4)": "rnn.pack_sequence([R(n, 3) for n in (4, 2)]), R(1, 2, 4)",
    "nn.GRU(3, 4, 3, dropout=0.5)": "R(5, 2, 3)",
    "nn.LSTM(3, 4, 2)": "R(5, 2, 3)",
    "nn.LSTM(3, 4, bidirectional=True)": "R(5, 2, 3), (R(2, 2, 4), R(2, 2, 4))",
    "nn.LSTM(3, 4, 2, proj_size=2, batch_first=True)": "R(2, 5, 3)",
    "nn.LSTM(3, 4, 2, bidirectional=True)": "rnn.pack_sequence([R(n, 3) for n in (2, 4, 1)], False)",
    "nn.RNNCell(3, 4, nonlinearity='relu')": "R(2, 3), R(2, 4)",
    "nn.GRUCell(3, 4)": "R(3)",
    "nn.LSTMCell(3, 4, False)": "R(2, 3), (R(2, 4), R(2, 4))",
    # ---- attention ----
    "nn.MultiheadAttention(8, 2)": "R(5, 2, 8), R(3, 2, 8), R(3, 2, 8)",
    "nn.MultiheadAttention(8, 4, bias=False, dropout=0.5)": "R(5, 8), R(5, 8), R(5, 8)",
    "nn.MultiheadAttention(8, 2, kdim=4, vdim=6, batch_first=True)": "R(2, 5, 8), R(2, 3, 4), R(2, 3, 6)",
    "nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True)": "R(5, 2, 8), R(3, 2, 8), R(3, 2, 8)",
    "nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)": "R(5, 3, 8)",
    "nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation='gelu', norm_first=True, batch_first=True, bias=False)": "R(3, 5, 8)",
    "nn.TransformerEncoderLayer(8, 4, 16, dropout=0.5, activation=torch.tanh)": "R(5, 3, 8)",
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, nn.LayerNorm(8), enable_nested_tensor=False)": "R(5, 8)",
    "nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0)": "R(4, 3, 8), R(5, 3, 8)",
    "nn.TransformerDecoderLayer(8, 2, 16, norm_first=True, batch_first=True)": "R(3, 4, 8), R(3, 5, 8)",
    "nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), 2)": "R(4, 3, 8), R(5, 3, 8)",
    "nn.Transformer(8, 2, 1, 2, 16, 0.1)": "R(5, 3, 8), R(4, 3, 8)",
    # ---- losses without a choice of reduction ----
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0, head_bias=True)": "R(6, 8), torch.tensor([0, 19, 5, 12, 3, 9])",
    "nn.KLDivLoss(reduction='batchmean')": "R(3, 4).log_softmax(1), U(3, 4)",
}

# With each reduction, whose argument goes to the place of {r}.
LOSSES = {
    "nn.MSELoss({r})": "R(3, 4), R(3, 4)",
    "nn.L1Loss({r})": "R(3, 4), R(3, 4)",
    "nn.SmoothL1Loss({r}, beta=0.5)": "R(3, 4), R(3, 4)",
    "nn.SmoothL1Loss({r}, beta=0.0)": "R(3, 4), R(4)",
    "nn.HuberLoss({r}, delta=0.7)": "R(3, 4), R(3, 4)",
    "nn.BCELoss({r})": "U(3, 4), U(3, 4)",
    "nn.BCELoss(torch.tensor([0.2, 0.7, 0.1, 0.9]), {r})": "U(3, 4), U(3, 4).round()",
    "nn.BCEWithLogitsLoss({r})": "R(3, 4) * 5, U(3, 4)",
    "nn.BCEWithLogitsLoss(torch.tensor([[0.5], [0.2], [2]]), {r}, pos_weight=torch.tensor([3.0, 1, 2, 0.5]))": "R(3, 4), U(3, 4)",
    "nn.CrossEntropyLoss({r})": "R(5, 4), I(4, 5)",
    "nn.CrossEntropyLoss(torch.tensor([0.3, 0.7, 0.1, 0.9]), {r}, ignore_index=1)": "R(5, 4), torch.tensor([0, 3, 1, 1, 2])",
    "nn.CrossEntropyLoss(torch.tensor([0.3, 0.7, 0.1, 0.9]), {r}, label_smoothing=0.2)": "R(5, 4), I(4, 5)",
    "nn.CrossEntropyLoss({r}, label_smoothing=0.1)": "R(5, 4), R(5, 4).softmax(1)",
    "nn.CrossEntropyLoss({r}, ignore_index=2)": "R(2, 3, 4, 5), I(3, 2, 4, 5)",
    "nn.CrossEntropyLoss({r}, ignore_index=-1)": "R(4), torch.tensor(2)",
    "nn.NLLLoss({r})": "R(5, 4).log_softmax(1), I(4, 5)",
    "nn.NLLLoss(torch.tensor([0.3, 0.7, 0.1, 0.9]), {r}, ignore_index=3)": "R(5, 4).log_softmax(1), torch.tensor([0, 3, 1, 1, 2])",
    "nn.NLLLoss({r}, ignore_index=0)": "R(2, 3, 4, 5), I(3, 2, 4, 5)",
    "nn.NLLLoss2d(None, ignore_index=0, {r})": "R(2, 3, 4, 5), I(3, 2, 4, 5)",
    "nn.LinearCrossEntropyLoss(5, 7, bias=True, {r}, ignore_index=2)": "R(6, 5), I(7, 6)",
    "nn.LinearCrossEntropyLoss(5, 7, out_features=(2, 3), {r}, label_smoothing=0.1)": "R(6, 5), R(6, 7, 2, 3).softmax(1)",
    "nn.LinearCrossEntropyLoss(2, 3, weight=torch.tensor([0.5, 2, 1]), {r}, options=nn.LinearCrossEntropyOptions(allow_retain_graph=True))": "R(9, 2), I(3, 9)",
    "nn.KLDivLoss({r})": "R(3, 4).log_softmax(1), U(3, 4)",
    "nn.KLDivLoss({r}, log_target=True)": "R(3, 4).log_softmax(1), R(3, 4)",
    "nn.PoissonNLLLoss({r})": "R(3, 4), U(3, 4) * 5",
    "nn.PoissonNLLLoss(False, True, {r}, eps=1e-2)": "U(3, 4) + 0.5, U(3, 4) * 5",
    "nn.GaussianNLLLoss({r}, full=True)": "R(3, 4), R(3, 4), U(3, 4) + 0.5",
    "nn.CosineEmbeddingLoss(0.2, {r})": "R(3, 4), R(3, 4), torch.tensor([1, -1, 1])",
    "nn.HingeEmbeddingLoss(0.8, {r})": "R(3, 4), torch.tensor([1, -1, 1, -1]).expand(3, 4)",
    "nn.MarginRankingLoss(0.3, {r})": "R(5), R(5), torch.tensor([1.0, -1, 1, 1, -1])",
    "nn.MultiLabelMarginLoss({r})": "R(2, 4), torch.tensor([[3, 0, -1, 1], [1, -1, 2, 0]])",
    "nn.MultiLabelSoftMarginLoss(torch.tensor([0.3, 0.7, 0.1, 0.9]), {r})": "R(3, 4), U(3, 4).round()",
    "nn.MultiMarginLoss(2, 0.7, torch.tensor([0.3, 0.7, 0.1, 0.9]), {r})": "R(5, 4), I(4, 5)",
    "nn.SoftMarginLoss({r})": "R(3, 4), torch.tensor([1, -1, 1, -1]).expand(3, 4)",
    "nn.TripletMarginLoss(0.5, 1.5, swap=True, {r})": "R(3, 4), R(3, 4), R(3, 4)",
    "nn.TripletMarginWithDistanceLoss(distance_function=nn.CosineSimilarity(), margin=0.4, {r})": "R(3, 4), R(3, 4), R(3, 4)",
    "nn.CTCLoss(2, {r}, zero_infinity=True)": "R(6, 2, 5).log_softmax(-1), torch.tensor([[1, 3, 3], [4, 1, 0]]), (6, 5), (3, 2)",
}

# PyTorch rounds a constant of these to float32 when it computes in float64.
ROUGH = ("nn.CELU(0.7)", "nn.Hardsigmoid()")

# Bases, and containers of other objects, which are not called; CrossMapLRN2d has no gradient in PyTorch.
NOT_CALLED = (
    "Container CrossMapLRN2d Module ModuleDict ModuleList ParameterDict ParameterList RNNBase RNNCellBase".split()
)

CASES = {
    **{make.format(d=d): f"R({SHAPES[d]})" for make in EACH for d in SHAPES},
    **LAYERS,
    **{make.format(r=f"reduction={r!r}"): given for make, given in LOSSES.items() for r in ("mean", "sum", "none")},
}

# What is asked of every case: text, parameters and buffers before and after, outputs, gradients, evaluation, and the
# course of twenty steps in float64.
EXAMINE = """
import copy, warnings
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.rnn as rnn
warnings.simplefilter("ignore")
R, U = torch.randn, torch.rand

def I(n, *shape):
    return torch.randint(n, shape)

def flat(x):
    if isinstance(x, torch.Tensor):
        return [x] if x.is_floating_point() else []
    return [t for y in x for t in flat(y)] if isinstance(x, (tuple, list)) else []

def weighted(out):
    return sum((t * torch.linspace(0.5, 1.5, t.numel(), dtype=t.dtype).reshape(t.shape)).mean() for t in flat(out))

def leaves(x):
    return [t.requires_grad_() for t in flat(x) if t.is_leaf]

def train(make, inputs, steps=20):
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(3)
        layer, given = make(), inputs()
        layer(*given)  # lazy ones get their parameters
        learned = list(layer.parameters()) or leaves(given)
        optimizer = torch.optim.SGD(learned, lr=0.1, momentum=0.5)
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            # Through tanh, so that no course runs away.
            loss = weighted([t.tanh().square() for t in flat(layer(*given))])
            loss.backward(retain_graph=True)
            optimizer.step()
            losses.append(loss.detach())
    finally:
        torch.set_default_dtype(torch.float32)
    return torch.stack(losses), learned, list(layer.buffers())

def examine(make, inputs):
    torch.manual_seed(3)
    layer = make()
    text = repr(layer)
    start = None if "Lazy" in text else copy.deepcopy(layer.state_dict())
    given = inputs()
    learned = leaves(given)
    out = layer(*given)
    weighted(out).backward()
    result = {
        "text": [text, repr(layer)], "start": start, "outputs": tuple(out) if isinstance(out, tuple) else out,
        "gradients": [t.grad for t in learned], "weights": [(n, p.grad) for n, p in layer.named_parameters()],
        "keys": [(k, v.shape) for k, v in layer.state_dict().items()], "end": copy.deepcopy(layer.state_dict()),
    }
    with torch.no_grad():
        result["evaluated"] = flat(layer.eval()(*given))
    result["course"] = train(make, inputs)
    return result
"""
