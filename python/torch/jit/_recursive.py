"""Compiling modules with all they contain. Not supported yet."""

from typing import Any

from torch.jit import _not_here


class ConcreteTypeStore:
    """The TorchScript types of modules: none."""

    def __init__(self) -> None:
        self.type_store: dict[Any, list[Any]] = {}
        self.methods_compiled: set[Any] = set()

    def get_or_create_concrete_type(self, nn_module: Any) -> Any:
        """Not supported yet.

        Raises:
            NotImplementedError: always.
        """
        _not_here("torch.jit._recursive")


concrete_type_store = ConcreteTypeStore()


def create_script_module(nn_module: Any, stubs_fn: Any, share_types: bool = True, is_tracing: bool = False) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit._recursive.create_script_module")


def wrap_cpp_module(cpp_module: Any) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    _not_here("torch.jit._recursive.wrap_cpp_module")
