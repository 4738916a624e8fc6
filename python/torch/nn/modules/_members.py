"""The part of :class:`~torch.nn.Module` that walks over its parameters, buffers and children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import torch
from torch.nn.parameter import Parameter

_Tensor = torch.Tensor


def typename(obj: Any) -> str:
    """Return how errors name the class of ``obj``: ``torch.FloatTensor``, ``int``, ``numpy.ndarray``."""
    if isinstance(obj, _Tensor):
        return obj.type()
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _parse_to(*args: Any, **kwargs: Any) -> tuple:
    """Sort the forms of :meth:`Module.to` out into (device, dtype, non_blocking, memory_format)."""
    if args and isinstance(args[0], torch.dtype):
        names: tuple[str, ...] = ("dtype", "non_blocking")
    elif args and isinstance(args[0], _Tensor):
        names = ("tensor", "non_blocking")
    else:
        names = ("device", "dtype", "non_blocking")
    if len(args) > len(names):
        raise TypeError(f"to() takes at most {len(names)} positional arguments here, got {len(args)}")
    given = dict(zip(names, args))
    for name, value in kwargs.items():
        name = "tensor" if name == "other" else name
        if name not in ("device", "dtype", "tensor", "non_blocking", "memory_format"):
            raise TypeError(f"to() got an unexpected keyword argument '{name}'")
        if name in given:
            raise TypeError(f"to() got multiple values for argument '{name}'")
        given[name] = value
    device, dtype, tensor = given.get("device"), given.get("dtype"), given.get("tensor")
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise TypeError(f"to(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")
    if tensor is not None:
        device, dtype = tensor.device, tensor.dtype
    elif device is not None and not isinstance(device, torch.device):
        device = torch.device(device)
    return device, dtype, bool(given.get("non_blocking", False)), given.get("memory_format")


class ModuleMembers:
    """Finding, listing and converting what a module holds. Only :class:`~torch.nn.Module` derives from this."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    # ---- finding by dotted name ----------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Any:
        """Return the module with the dotted name ``target``, such as ``"encoder.0"``; itself for ``""``.

        Raises:
            AttributeError: when a part of the name is missing or is no module.
        """
        module: Any = self
        if target == "":
            return module
        from torch.nn.modules.module import Module

        for item in target.split("."):
            if not hasattr(module, item):
                raise AttributeError(f"{module._get_name()} has no attribute `{item}`")
            module = getattr(module, item)
            if not isinstance(module, Module):
                raise AttributeError(f"`{item}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put ``module`` at the dotted name ``target``.

        Args:
            target: the name; its parents must exist.
            module: the new module.
            strict: refuse to add a name that does not exist yet.
        """
        from torch.nn.modules.module import Module

        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        prefix, _, name = target.rpartition(".")
        parent = self.get_submodule(prefix)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def _get_member(self, target: str) -> tuple:
        prefix, _, name = target.rpartition(".")
        module = self.get_submodule(prefix)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name, getattr(module, name)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter with the dotted name ``target``."""
        _, name, value = self._get_member(target)
        if not isinstance(value, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return value

    def get_buffer(self, target: str) -> torch.Tensor:
        """Return the buffer with the dotted name ``target``."""
        module, name, value = self._get_member(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return value

    # ---- iterators -----------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield (dotted name, module) for this module and all below it, parents first.

        Args:
            memo: modules to leave out; those yielded are added.
            prefix: put before every name.
            remove_duplicate: yield a module that is reached on several ways only once.
        """
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                below = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, below, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """Yield this module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Yield (name, module) for the direct children, each module once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Any]:
        """Yield the direct children, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, get_members_fn: Callable, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for module_prefix, module in modules:
            for name, value in get_members_fn(module):
                if value is None:
                    continue
                if remove_duplicate:
                    if value in seen:
                        continue
                    seen.add(value)
                yield (f"{module_prefix}.{name}" if module_prefix else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted name, parameter).

        Args:
            prefix: put before every name.
            recurse: those of the modules below as well. Default: ``True``
            remove_duplicate: yield a shared parameter only once. Default: ``True``
        """
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, those of the modules below included unless ``recurse`` is ``False``."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield (dotted name, buffer); the arguments are those of :meth:`named_parameters`."""
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[torch.Tensor]:
        """Yield the buffers, those of the modules below included unless ``recurse`` is ``False``."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # ---- modes ---------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Any:
        """Switch this module and all below it to training mode, or to evaluation mode. Returns ``self``."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """Switch to evaluation mode: the same as ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set ``requires_grad`` of all parameters. Returns ``self``."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros where ``set_to_none`` is ``False``."""
        for param in self.parameters():
            grad = param.grad
            if grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    # ---- conversion ----------------------------------------------------------------------------------------------

    def _apply(self, fn: Callable, recurse: bool = True) -> Any:
        """Replace the data of all parameters, their gradients and the buffers by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for name, param in self._parameters.items():
            if param is None:
                continue
            with torch.no_grad():
                converted = fn(param)
            grad = param.grad
            if converted.is_meta == param.is_meta:
                param.data = converted
            else:
                # Data cannot come into a tensor without data, nor go out of one that has some.
                param = Parameter(converted, param.requires_grad)
                self._parameters[name] = param
            if grad is not None:
                with torch.no_grad():
                    converted = fn(grad)
                param.grad = converted.requires_grad_(grad.requires_grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def apply(self, fn: Callable[[Any], None]) -> Any:
        """Call ``fn`` with every module below and then with this one. Returns ``self``."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Move parameters and buffers to a device, or cast them, in place. Returns ``self``.

        Forms: ``to(device=None, dtype=None, non_blocking=False)``, ``to(dtype, non_blocking=False)``,
        ``to(tensor, non_blocking=False)``, ``to(memory_format=channels_last)``. Only floating-point and complex
        tensors are cast; the memory format concerns tensors of 4 or 5 dimensions.
        """
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )

        def convert(t: torch.Tensor) -> torch.Tensor:
            to_dtype = dtype if t.is_floating_point() or t.is_complex() else None
            if memory_format is not None and t.dim() in (4, 5):
                return t.to(device, to_dtype, non_blocking, memory_format=memory_format)
            return t.to(device, to_dtype, non_blocking)

        return self._apply(convert)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Any:
        """Move to ``device`` without copying: the memory there is not initialised. Returns ``self``."""
        return self._apply(lambda t: torch.empty_like(t, device=device), recurse=recurse)

    def type(self, dst_type: Any) -> Any:
        """Cast all parameters and buffers to ``dst_type``. Returns ``self``."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Any:
        """Cast floating-point parameters and buffers to float32. Returns ``self``."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """Cast floating-point parameters and buffers to float64. Returns ``self``."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """Cast floating-point parameters and buffers to float16. Returns ``self``."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Any:
        """Cast floating-point parameters and buffers to bfloat16. Returns ``self``."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self) -> Any:
        """Move to the CPU. Returns ``self``."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Any:
        """Move to a CUDA device, by default the current one. Returns ``self``."""
        return self._apply(lambda t: t.cuda(device))

    def xpu(self, device: Any = None) -> Any:
        """Move to an XPU device, by default the current one. Returns ``self``."""
        return self._apply(lambda t: t.xpu(device))

    def ipu(self, device: Any = None) -> Any:
        """Move to an IPU device, by default the current one. Returns ``self``."""
        return self._apply(lambda t: t.ipu(device))

    def mtia(self, device: Any = None) -> Any:
        """Move to an MTIA device, by default the current one. Returns ``self``."""
        return self._apply(lambda t: t.mtia(device))

    def share_memory(self) -> Any:
        """Move the data to memory that other processes can map. Returns ``self``."""
        return self._apply(lambda t: t.share_memory_())

    def _replicate_for_data_parallel(self) -> Any:
        """Return a shallow copy whose parameters are plain attributes, to be set by the caller."""
        replica = self.__new__(self.__class__)
        replica.__dict__ = self.__dict__.copy()
        replica._parameters = {}
        replica._buffers = replica._buffers.copy()
        replica._modules = replica._modules.copy()
        replica._is_replica = True  # type: ignore[attr-defined]
        return replica

    # ---- text ----------------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return self.__class__.__name__

    def extra_repr(self) -> str:
        """Return the text that :func:`repr` shows between the brackets; to be defined by subclasses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = []
        for name, module in self._modules.items():
            children.append(f"({name}): " + repr(module).replace("\n", "\n  "))
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"
