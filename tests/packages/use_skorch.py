"""NeuralNetClassifier and Regressor: fit with scaler pipeline, grid search, callbacks, save_params, on digits."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from figures import show
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import Checkpoint, EarlyStopping, EpochScoring, LRScheduler

IMPORT = "skorch"


class Network(torch.nn.Module):
    def __init__(self, inputs: int = 64, hidden: int = 32, outputs: int = 10) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(hidden, outputs)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


x, y = load_digits(return_X_y=True)
x, y = x[:600].astype(np.float32), y[:600].astype(np.int64)
folder = Path(tempfile.mkdtemp())
torch.manual_seed(0)
net = NeuralNetClassifier(
    Network,
    criterion=torch.nn.CrossEntropyLoss,
    optimizer=torch.optim.Adam,
    lr=0.01,
    max_epochs=6,
    batch_size=64,
    iterator_train__shuffle=True,
    verbose=0,
    callbacks=[
        EpochScoring("accuracy", name="train_acc", on_train=True, lower_is_better=False),
        LRScheduler("StepLR", step_size=3, gamma=0.5),
        EarlyStopping(patience=5),
        Checkpoint(dirname=folder),
    ],
)
pipe = Pipeline([("scale", StandardScaler()), ("net", net)]).fit(x, y)
history = pipe["net"].history
show("train loss", history[:, "train_loss"], 1e-3)
show("valid loss", history[:, "valid_loss"], 1e-3)
show("valid accuracy", history[:, "valid_acc"], 0.01)
show("probabilities", pipe.predict_proba(x[:20]), 1e-3)
pipe["net"].save_params(f_params=folder / "p.pt", f_optimizer=folder / "o.pt", f_history=folder / "h.json")
again = NeuralNetClassifier(Network, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam).initialize()
again.load_params(f_params=folder / "p.pt", f_optimizer=folder / "o.pt", f_history=folder / "h.json")
show(
    "loaded", torch.from_numpy(again.predict_proba(StandardScaler().fit(x).transform(x[:20]).astype(np.float32))), 1e-3
)
torch.manual_seed(0)
small = NeuralNetClassifier(Network, criterion=torch.nn.CrossEntropyLoss, max_epochs=3, train_split=None, verbose=0)
search = GridSearchCV(small, {"lr": [0.01, 0.1], "module__hidden": [8, 16]}, cv=2, scoring="neg_log_loss")
search.set_params(estimator__predict_nonlinearity="auto").fit(x / 16, y)
show("grid", torch.from_numpy(search.cv_results_["mean_test_score"]), 1e-3)
a, b = load_diabetes(return_X_y=True)
torch.manual_seed(0)
regressor = NeuralNetRegressor(
    Network, module__inputs=10, module__outputs=1, max_epochs=5, lr=0.01, verbose=0, optimizer=torch.optim.AdamW
)
regressor.fit(a.astype(np.float32), b.astype(np.float32)[:, None] / 100)
show("regression", regressor.history[:, "valid_loss"], 1e-3)
