"""Twelve losses with gradients, four miners, distances, reducers, accuracy of nearest neighbours."""

import torch
from figures import show
from pytorch_metric_learning import distances, losses, miners, reducers
from pytorch_metric_learning.utils import loss_and_miner_utils

IMPORT = "pytorch_metric_learning.losses"

torch.manual_seed(0)
points, labels = torch.randn(24, 8), torch.arange(24) % 4
for loss in (
    losses.TripletMarginLoss(),
    losses.ContrastiveLoss(),
    losses.NTXentLoss(),
    losses.SupConLoss(),
    losses.CircleLoss(),
    losses.MultiSimilarityLoss(),
    losses.LiftedStructureLoss(),
    losses.AngularLoss(),
    losses.NPairsLoss(),
    losses.ArcFaceLoss(4, 8),
    losses.ProxyAnchorLoss(4, 8),
    losses.SoftTripleLoss(4, 8),
):
    x = points.clone().requires_grad_()
    value = loss(x, labels)
    value.backward()
    show(type(loss).__name__, value, 1e-3)
    show(type(loss).__name__ + " gradient", x.grad, 1e-3)
for miner in (
    miners.MultiSimilarityMiner(),
    miners.TripletMarginMiner(),
    miners.BatchHardMiner(),
    miners.PairMarginMiner(),
):
    found = miner(points, labels)
    show(type(miner).__name__, [len(part) for part in found], 0.0)
show("snr", distances.SNRDistance()(points), 1e-3)
reducer = losses.TripletMarginLoss(distance=distances.CosineSimilarity(), reducer=reducers.ThresholdReducer(low=0.1))
show("threshold", reducer(points, labels), 1e-3)
show("triplets", [len(t) for t in loss_and_miner_utils.get_all_triplets_indices(labels)], 0.0)
