"""25 metrics of classification, regression, retrieval, image, audio, text and clustering; a collection, plus states."""

import torch
import torchmetrics as tm
from figures import show
from torchmetrics.clustering import MutualInfoScore

IMPORT = "torchmetrics"

torch.manual_seed(0)
scores, labels = torch.randn(64, 5).softmax(-1), torch.randint(5, (64,))
collection = tm.MetricCollection(
    {
        "accuracy": tm.Accuracy("multiclass", num_classes=5, average="macro"),
        "f1": tm.F1Score("multiclass", num_classes=5, average=None),
        "precision": tm.Precision("multiclass", num_classes=5),
        "recall": tm.Recall("multiclass", num_classes=5, top_k=2),
        "auroc": tm.AUROC("multiclass", num_classes=5),
        "average precision": tm.AveragePrecision("multiclass", num_classes=5),
        "confusion": tm.ConfusionMatrix("multiclass", num_classes=5),
        "kappa": tm.CohenKappa("multiclass", num_classes=5),
        "mcc": tm.MatthewsCorrCoef("multiclass", num_classes=5),
        "calibration": tm.CalibrationError("multiclass", num_classes=5, n_bins=10),
        "jaccard": tm.JaccardIndex("multiclass", num_classes=5),
    }
)
for part in torch.arange(64).split(16):
    collection.update(scores[part], labels[part])
for name, value in collection.compute().items():
    show(name, value)
x, y = torch.randn(100), torch.randn(100)
y = x + 0.3 * y
for metric in (
    tm.MeanSquaredError(),
    tm.MeanAbsoluteError(),
    tm.R2Score(),
    tm.PearsonCorrCoef(),
    tm.SpearmanCorrCoef(),
    tm.KendallRankCorrCoef(),
    tm.ExplainedVariance(),
    tm.CosineSimilarity(),
):
    a, b = (x.view(10, 10), y.view(10, 10)) if isinstance(metric, tm.CosineSimilarity) else (x, y)
    show(type(metric).__name__, metric(a, b))
show("retrieval", tm.retrieval.RetrievalMAP()(x.sigmoid(), y > 0, indexes=torch.arange(100) // 10))
show(
    "ssim",
    tm.image.StructuralSimilarityIndexMeasure(data_range=1.0)(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)),
)
show("psnr", tm.image.PeakSignalNoiseRatio(data_range=1.0)(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)))
show("snr", tm.audio.ScaleInvariantSignalNoiseRatio()(x, y))
show("perplexity", tm.text.Perplexity()(torch.randn(2, 8, 5), torch.randint(5, (2, 8))))
show("mutual", MutualInfoScore()(labels, torch.randint(4, (64,))))
metric = tm.MeanMetric()
metric.update(x)
metric.persistent(True)
show("state", metric.state_dict()["mean_value"])
