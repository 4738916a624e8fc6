"""Errors of graph capture."""

from __future__ import annotations

import enum
from typing import Any


class TorchDynamoException(RuntimeError):
    """Base of the errors of graph capture."""


class InternalTorchDynamoError(TorchDynamoException):
    """A mistake of graph capture itself."""


class ResetRequired(TorchDynamoException):
    """A backend other than the first was asked for. Never raised here."""


class InvalidBackend(TorchDynamoException):
    """No backend has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid backend: {name!r}, see `torch._dynamo.list_backends()` for available backends.")


class BackendCompilerFailed(TorchDynamoException):
    """A backend raised. Never raised here: what runs eagerly raises what it raises."""


class Unsupported(TorchDynamoException):
    """Something can't be captured. Never raised here."""


class RecompileError(TorchDynamoException):
    """A function was compiled again where that is forbidden. Never raised here."""


class TensorifyScalarRestartAnalysis(TorchDynamoException):
    """Capture begins anew. Never raised here."""


class UserErrorType(enum.Enum):
    """Kinds of :class:`UserError`."""

    DYNAMIC_CONTROL_FLOW = enum.auto()
    ANTI_PATTERN = enum.auto()
    STANDARD_LIBRARY = enum.auto()
    CONSTRAINT_VIOLATION = enum.auto()
    DYNAMIC_DIM = enum.auto()
    INVALID_INPUT = enum.auto()
    INVALID_OUTPUT = enum.auto()
    UNSUPPORTED_ALIASED_MUTATED_DYNAMIC_INPUTS = enum.auto()


class UserError(Unsupported):
    """A mistake of the caller of graph capture."""

    def __init__(self, error_type: UserErrorType, msg: str, case_name: Any = None) -> None:
        super().__init__(msg)
        self.error_type = error_type
        self.message = msg


class UncapturedHigherOrderOpError(Unsupported):
    """The body of a control-flow operator can't be captured. Never raised here."""
