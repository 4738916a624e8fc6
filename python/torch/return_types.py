"""Classes of the named results of operators: ``torch.return_types.max`` and its kin.

They are made by C++ with the first result, so a class asked for by name is that of a small result.
"""

from __future__ import annotations

from typing import Any

_ON_ROWS = "aminmax cummax cummin kthvalue max median min mode nanmedian sort topk"  # of the dimension 0
_ON_MATRICES = (
    "geqrf qr slogdet svd linalg_cholesky_ex linalg_eig linalg_eigh linalg_inv_ex linalg_ldl_factor "
    "linalg_ldl_factor_ex linalg_lu linalg_lu_factor linalg_lu_factor_ex linalg_qr linalg_slogdet linalg_svd"
)
_NAMES = sorted(
    (_ON_ROWS + " " + _ON_MATRICES).split()
    + "frexp histogram histogramdd linalg_lstsq linalg_solve_ex lu_unpack triangular_solve".split()
)
all_return_types: list[type] = []


def _result(name: str) -> Any:
    import torch

    square, vector = torch.eye(1), torch.ones(1)
    if name in _ON_ROWS.split():
        if name == "aminmax":
            return torch.aminmax(vector)
        extra = {"kthvalue": (1, 0), "topk": (1,)}.get(name, (0,))
        return getattr(torch, name)(vector, *extra)
    if name in _ON_MATRICES.split():
        place, short = (torch.linalg, name[len("linalg_") :]) if name.startswith("linalg_") else (torch, name)
        return getattr(place, short)(square)
    if name == "frexp":
        return torch.frexp(vector)
    if name in ("histogram", "histogramdd"):
        return getattr(torch, name)(
            square if name == "histogramdd" else vector, bins=[1] if name == "histogramdd" else 1
        )
    if name == "lu_unpack":
        return torch.lu_unpack(*torch.linalg.lu_factor(square))
    if name == "triangular_solve":
        return torch.triangular_solve(square, square)
    return getattr(torch.linalg, name[len("linalg_") :])(square, square)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'torch.return_types' has no attribute {name!r}")
    import warnings

    import torch

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of the names are deprecated
        cls = type(_result(name))
    globals()[name] = cls
    all_return_types.append(cls)
    return cls


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
