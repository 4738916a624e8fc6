"""Trainer.fit, validate, test and predict of a LightningModule with metrics, scheduler, checkpoint and resuming."""

import logging
import tempfile
import warnings
from pathlib import Path

import lightning as L
import torch
import torchmetrics
from figures import show
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

IMPORT = "lightning"

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
L.seed_everything(0, verbose=False)


class Classifier(L.LightningModule):
    def __init__(self, width: int = 16, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = torch.nn.Sequential(
            torch.nn.Linear(8, width, bias=False),
            torch.nn.BatchNorm1d(width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, 3),
        )
        self.accuracy = torchmetrics.Accuracy("multiclass", num_classes=3)
        self.losses: list[float] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)

    def training_step(self, batch, index):
        x, y = batch
        loss = torch.nn.functional.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        self.losses.append(float(loss.detach()))
        return loss

    def validation_step(self, batch, index):
        x, y = batch
        logits = self(x)
        self.accuracy(logits, y)
        self.log("accuracy", self.accuracy, on_epoch=True)
        self.log("loss", torch.nn.functional.cross_entropy(logits, y))

    test_step = validation_step

    def predict_step(self, batch, index):
        return self(batch[0]).softmax(-1)

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), self.hparams.lr)
        return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)]


x = torch.randn(160, 8)
y = (x[:, :3] + 0.1 * torch.randn(160, 3)).argmax(1)
train = DataLoader(TensorDataset(x[:128], y[:128]), batch_size=16, shuffle=True)
rest = DataLoader(TensorDataset(x[128:], y[128:]), batch_size=16)
folder = Path(tempfile.mkdtemp())


def trainer(epochs: int) -> L.Trainer:
    return L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        logger=CSVLogger(folder),
        callbacks=[
            ModelCheckpoint(folder, monitor="loss", save_last=True),
            EarlyStopping("loss", patience=4),
            LearningRateMonitor("epoch"),
        ],
        enable_progress_bar=False,
        enable_model_summary=False,
        gradient_clip_val=1.0,
        log_every_n_steps=4,
    )


module = Classifier()
first = trainer(3)
first.fit(module, train, rest)
show("losses", module.losses, 1e-3)
show("validation", [first.callback_metrics["loss"], first.callback_metrics["accuracy"]], 1e-3)
show("rate", first.optimizers[0].param_groups[0]["lr"])
again = Classifier()
second = trainer(5)
second.fit(again, train, rest, ckpt_path=folder / "last.ckpt", weights_only=False)
show("resumed", again.losses, 1e-3)
result = second.test(again, rest, verbose=False)[0]
show("test", [result["loss"], result["accuracy"]], 1e-3)
show("predictions", torch.cat(second.predict(again, rest)), 1e-3)
loaded = Classifier.load_from_checkpoint(folder / "last.ckpt", weights_only=False).eval()
show("loaded", loaded(x[:4]), 1e-3)
