"""The base class of all optimizers."""

from __future__ import annotations

import functools
from collections import OrderedDict, abc, defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any, Callable, TypeVar

import torch
from torch.utils.hooks import RemovableHandle

__all__ = [
    "Optimizer",
    "register_optimizer_step_pre_hook",
    "register_optimizer_step_post_hook",
]

ParamsT = Any
_T = TypeVar("_T")

# Hooks that see the steps of every optimizer.
_global_optimizer_pre_hooks: OrderedDict = OrderedDict()
_global_optimizer_post_hooks: OrderedDict = OrderedDict()


class _RequiredParameter:
    """The default of a group's option that has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()


def _add_hook(hooks: OrderedDict, hook: Callable, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of any optimizer; it may return new arguments."""
    return _add_hook(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of any optimizer."""
    return _add_hook(_global_optimizer_post_hooks, hook)


def _typename(obj: Any) -> str:
    if isinstance(obj, torch.Tensor):
        return obj.type()
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _get_value(x: Any) -> Any:
    """Return the number in a tensor of one element, or ``x`` itself."""
    return x.item() if isinstance(x, torch.Tensor) else x


# What the arguments do that many optimizers have.
_SHARED_ARGUMENTS = {
    "params": "the tensors to optimize.",
    "foreach": "all tensors are updated in one call whatever is said here.",
    "fused": "as ``foreach``.",
    "maximize": "climb rather than descend. Default: ``False``",
    "capturable": "let the step be captured in a graph of a device; the parameters must be on one.",
    "differentiable": "record the step, so that gradients pass through it. Default: ``False``",
    "decoupled_weight_decay": r"shrink :math:`\theta` by :math:`1 - \gamma \lambda` instead of adding to the gradient.",
}


def _documented(cls: type[_T]) -> type[_T]:
    """Describe the arguments of a constructor that many optimizers have, after those that the docstring describes."""
    code = cls.__init__.__code__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    if cls.__doc__ is not None:  # as under python -OO
        head, args, rest = cls.__doc__.partition("    Args:\n")
        own, end, rest = rest.partition("\n\n")
        lines = [f"        {name}: {_SHARED_ARGUMENTS[name]}" for name in names if name in _SHARED_ARGUMENTS]
        own_lines = own.rstrip().split("\n")
        cls.__doc__ = head + args + "\n".join([lines[0], *own_lines, *lines[1:]]) + (end + rest if end else "\n    ")
    return cls


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    """The options among the arguments of a constructor, which its ``locals()`` has."""
    return {name: value for name, value in arguments.items() if name not in ("self", "params", "__class__")}


def _check_lr(lr: Any) -> None:
    """Refuse a learning rate that no optimizer can use."""
    if isinstance(lr, torch.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if isinstance(lr, str):
        raise TypeError(f"Invalid learning rate: {lr!r} is text; use float(...)")
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr} (it must not be negative)")


def _check_not_negative(**values: Any) -> None:
    """Refuse negative values; the name of an argument is the one in the text of the error."""
    for name, value in values.items():
        if not 0.0 <= value:
            raise ValueError(f"Invalid {name} value: {value}")


def _check_fused(fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Refuse flags that exclude each other. Otherwise foreach and fused ask for what a step is here anyway."""
    if fused:
        if differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def _check_capturable(params: list) -> None:
    if any(p.device.type == "cpu" for p in params):
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: ['cuda', 'xpu', 'hpu', "
            "'privateuseone', 'xla']."
        )


def _use_grad_for_differentiable(step: Callable) -> Callable:
    """Let ``step`` record gradients only where the optimizer was made ``differentiable``."""

    @functools.wraps(step)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        with torch.set_grad_enabled(self.defaults.get("differentiable", False)):
            return step(self, *args, **kwargs)

    return wrapped


class Optimizer:
    """Base class of all optimizers.

    Args:
        params: the tensors to optimize: an iterable of them, of pairs (name, tensor), or of dictionaries, each of
            which is a group with options of its own.
        defaults: options of groups that do not give their own.

    Attributes:
        param_groups: the list of groups: dictionaries of options with the list of tensors under ``"params"``.
        state: for each tensor a dictionary of what the optimizer keeps from step to step.
    """

    OptimizerPreHook = Callable
    OptimizerPostHook = Callable

    _optimizer_step_pre_hooks: OrderedDict
    _optimizer_step_post_hooks: OrderedDict

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._optimizer_step_pre_hooks = OrderedDict()
        self._optimizer_step_post_hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks: OrderedDict = OrderedDict()
        self._optimizer_state_dict_post_hooks: OrderedDict = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: OrderedDict = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: OrderedDict = OrderedDict()
        self._patch_step_function()
        if isinstance(params, torch.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {_typename(params)}: write [tensor] for a single one"
            )
        if isinstance(params, torch.nn.Module):
            raise TypeError(
                f"{type(params).__name__!r} object is not iterable: an optimizer takes parameters, which "
                "model.parameters() lists"
            )
        self.state: defaultdict[torch.Tensor, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: the model has no parameters, or something else has used up "
                "the iterator that model.parameters() returns"
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group) if isinstance(group, dict) else group)

    def _patch_step_function(self) -> None:
        """Let the step of this class run the hooks around it."""
        cls = type(self)
        if getattr(cls.step, "hooked", None):
            return
        cls.step = self.profile_hook_step(cls.step)  # type: ignore[method-assign]
        cls.step.hooked = True  # type: ignore[attr-defined]

    @staticmethod
    def profile_hook_step(func: Callable) -> Callable:
        """Return ``func``, a step, with the hooks around it."""

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self = args[0]
            pre_hooks, post_hooks = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks
            if not (pre_hooks or post_hooks or _global_optimizer_pre_hooks or _global_optimizer_post_hooks):
                return func(*args, **kwargs)
            for hook in chain(_global_optimizer_pre_hooks.values(), pre_hooks.values()):
                replaced = hook(self, args, kwargs)
                if replaced is None:
                    continue
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        f"{func} must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                    )
                args, kwargs = replaced
            result = func(*args, **kwargs)
            for hook in chain(post_hooks.values(), _global_optimizer_post_hooks.values()):
                hook(self, args, kwargs)
            return result

        return wrapper

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in (
            "_optimizer_step_pre_hooks",
            "_optimizer_step_post_hooks",
            "_optimizer_state_dict_pre_hooks",
            "_optimizer_state_dict_post_hooks",
            "_optimizer_load_state_dict_pre_hooks",
            "_optimizer_load_state_dict_post_hooks",
        ):
            self.__dict__.setdefault(name, OrderedDict())
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        lines = []
        for index, group in enumerate(self.param_groups):
            lines += ["", f"Parameter Group {index}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return f"{type(self).__name__} (" + "\n".join(lines) + "\n)"

    # ---- hooks ---------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return _add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _add_hook(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before :meth:`state_dict`."""
        return _add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after :meth:`state_dict`; it may return another dictionary."""
        return _add_hook(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before :meth:`load_state_dict`; it may return another dictionary."""
        return _add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after :meth:`load_state_dict`."""
        return _add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # ---- state ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return ``{"state": ..., "param_groups": ...}``, in which numbers in order of the groups stand for tensors.

        The tensors of the state are not copied.
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {
            (numbers[id(key)] if isinstance(key, torch.Tensor) else key): value for key, value in self.state.items()
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            replaced = post_hook(self, result)
            if replaced is not None:
                result = replaced
        return result

    @staticmethod
    def _process_value_according_to_param_policy(
        param: torch.Tensor,
        value: torch.Tensor,
        param_id: Any,
        param_groups: list[dict[str, Any]],
        key: Any = None,
    ) -> torch.Tensor:
        """Move a tensor of a loaded state to where its parameter is, and to its dtype unless it counts steps."""
        if key == "step":
            group = next((g for g in param_groups if param_id in g["params"]), {})
            if group.get("capturable") or group.get("fused"):
                return value.to(dtype=torch.float32, device=param.device)
            return value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take state and options from what :meth:`state_dict` returned.

        Tensors are cast to the dtype of their parameter and moved to its device.

        Raises:
            ValueError: where number or sizes of the groups differ.
        """
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = pre_hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        saved_groups = [{**group, "params": list(group["params"])} for group in state_dict["param_groups"]]
        if len(self.param_groups) != len(saved_groups):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved_groups)}, the optimizer has "
                f"{len(self.param_groups)}"
            )
        if any(len(g["params"]) != len(s["params"]) for g, s in zip(self.param_groups, saved_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: its "
                f"groups have {[len(s['params']) for s in saved_groups]} parameters, the optimizer's "
                f"{[len(g['params']) for g in self.param_groups]}"
            )
        params = dict(
            zip(
                chain.from_iterable(group["params"] for group in saved_groups),
                chain.from_iterable(group["params"] for group in self.param_groups),
            )
        )

        def cast(param: torch.Tensor, value: Any, param_id: Any, key: Any = None) -> Any:
            if isinstance(value, torch.Tensor):
                return Optimizer._process_value_according_to_param_policy(
                    param, value, param_id, state_dict["param_groups"], key
                )
            if isinstance(value, dict):
                return {k: cast(param, v, param_id, k) for k, v in value.items()}
            if isinstance(value, abc.Iterable) and not isinstance(value, (str, bytes)):
                return type(value)(cast(param, v, param_id) for v in value)  # type: ignore[call-arg]
            return value

        state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = cast(params[key], value, key)
            else:
                state[key] = value
        groups = []
        for group, saved in zip(self.param_groups, saved_groups):
            saved["params"] = group["params"]
            if "param_names" in group and "param_names" not in saved:
                saved["param_names"] = group["param_names"]
            groups.append(saved)
        self.__setstate__({"state": state, "param_groups": groups})
        for post_hook in self._optimizer_load_state_dict_post_hooks.values():
            post_hook(self)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all tensors, or fill them with zeros where ``set_to_none`` is ``False``."""
        if set_to_none:
            for group in self.param_groups:
                for param in group["params"]:
                    param.grad = None
            return
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step; to be defined by subclasses.

        Args:
            closure: computes the loss anew, with its gradients, and returns it.
        """
        raise NotImplementedError

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of tensors, with options of its own.

        Args:
            param_group: the tensors under ``"params"`` (one, or an ordered collection of tensors or of pairs
                (name, tensor)) and options; those that are missing take the optimizer's defaults.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, torch.Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        else:
            params = list(params)

        named = [isinstance(param, tuple) for param in params]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = [name for name, _ in params]
            params = [param for _, param in params]
        param_group["params"] = params

        for param in params:
            if not isinstance(param, torch.Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_typename(param)}")
            if not self.defaults.get("differentiable", None) and not (param.is_leaf or param.retains_grad):
                raise ValueError(
                    f"can't optimize a non-leaf Tensor: that of shape {list(param.shape)} is the result of "
                    f"{type(param.grad_fn).__name__}. Optimize what it was computed from, or call "
                    "detach().requires_grad_() first"
                )
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)

        if len(params) != len(set(params)):
            import warnings

            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an "
                "error; see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        present: set = set()
        for group in self.param_groups:
            present.update(group["params"])
            if ("param_names" in param_group) != ("param_names" in group):
                current = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {current} to the optimizer"
                )
        if not present.isdisjoint(params):
            shapes = [list(param.shape) for param in params if param in present]
            raise ValueError(f"some parameters appear in more than one parameter group: those of shapes {shapes}")
        self.param_groups.append(param_group)

    # ---- helpers of the steps ------------------------------------------------------------------------------------

    def _complete_groups(self, **options: Any) -> None:
        """Give groups from old files the options that came later."""
        for group in self.param_groups:
            for name, value in options.items():
                group.setdefault(name, value)

    def _run(self, closure: Callable | None, step_group: Callable[[dict[str, Any]], None]) -> Any:
        """Evaluate ``closure`` and call ``step_group`` with each group, recording only if differentiable."""
        with torch.set_grad_enabled(self.defaults.get("differentiable", False)):
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                step_group(group)
        return loss


def _unscale(grads: list, grad_scale: torch.Tensor | None, found_inf: torch.Tensor | None) -> bool:
    """Divide the gradients by the scale of a GradScaler; whether there is a step to do: none after infinities."""
    if found_inf is not None and found_inf.item():
        return False
    if grad_scale is not None:
        with torch.no_grad():
            for grad in grads:
                grad.div_(grad_scale)
    return True


def _with_grad(params: Iterable) -> tuple[list, list]:
    """Return the tensors that have a gradient, and the gradients."""
    params = list(params)
    grads = [grad for param in params if (grad := param.grad) is not None]
    if len(grads) != len(params):
        params = [param for param in params if param.grad is not None]
    return params, grads
