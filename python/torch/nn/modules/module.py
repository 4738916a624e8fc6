"""The base class of all neural-network modules, and the hooks that see every module."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from typing import Any, Callable

import torch
from torch.nn.modules._error_path import brief, name_module
from torch.nn.modules._members import ModuleMembers, typename
from torch.nn.modules._state import _EXTRA_STATE_KEY_SUFFIX, ModuleState, _IncompatibleKeys  # noqa: F401
from torch.nn.parameter import Buffer, Parameter
from torch.utils.hooks import BackwardHook, RemovableHandle

__all__ = [
    "register_module_forward_pre_hook",
    "register_module_forward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_backward_hook",
    "register_module_full_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
    "Module",
]

_Tensor = torch.Tensor


def _addindent(text: str, num_spaces: int) -> str:
    """Indent all lines but the first."""
    return text.replace("\n", "\n" + " " * num_spaces)


# Hooks that see every module. Dictionaries from id to hook, like those of one module.
_global_buffer_registration_hooks: OrderedDict = OrderedDict()
_global_module_registration_hooks: OrderedDict = OrderedDict()
_global_parameter_registration_hooks: OrderedDict = OrderedDict()
_global_backward_pre_hooks: OrderedDict = OrderedDict()
_global_backward_hooks: OrderedDict = OrderedDict()
_global_is_full_backward_hook: bool | None = None
_global_forward_pre_hooks: OrderedDict = OrderedDict()
_global_forward_hooks: OrderedDict = OrderedDict()
_global_forward_hooks_always_called: OrderedDict = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict = OrderedDict()


def _add(hooks: OrderedDict, hook: Callable, prepend: bool = False, marks: Any = ()) -> RemovableHandle:
    """Put ``hook`` into ``hooks`` and its id into each dictionary in ``marks``."""
    handle = RemovableHandle(hooks, extra_dict=list(marks))
    hooks[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_buffer_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` whenever a module registers a buffer; it may return another buffer."""
    return _add(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` whenever a child is registered; it may return another module."""
    return _add(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, name, param)`` whenever a parameter is registered; it may return another one."""
    return _add(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module; it may return new arguments."""
    return _add(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Callable, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module; it may return a new output.

    Args:
        hook: the function.
        with_kwargs: call it as ``hook(module, args, kwargs, output)``.
        always_call: run it also when forward raises.
    """
    marks = []
    if with_kwargs:
        marks.append(_global_forward_hooks_with_kwargs)
    if always_call:
        marks.append(_global_forward_hooks_always_called)
    return _add(_global_forward_hooks, hook, marks=marks)


def _set_global_backward_kind(full: bool) -> None:
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = full


def register_module_backward_hook(hook: Callable) -> RemovableHandle:
    """Deprecated; use :func:`register_module_full_backward_hook`."""
    _set_global_backward_kind(False)
    return _add(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module; it may return new gradients."""
    return _add(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: Callable) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after the backward of every module."""
    _set_global_backward_kind(True)
    return _add(_global_backward_hooks, hook)


class _LoadHook:
    """A pre-hook of load_state_dict, with the module put before its arguments where it asked for that."""

    def __init__(self, hook: Callable, module: Any = None) -> None:
        self.hook = hook
        self.with_module = module is not None
        self.module = None if module is None else weakref.ref(module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module and self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "module": self.module() if self.module else None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if state.get("module") is not None:
            self.module = weakref.ref(state["module"])


def _forward_unimplemented(self: Any, *input: Any) -> None:
    """Compute the output from the inputs. Every subclass defines this.

    Call the module itself rather than this method: that also runs the hooks.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def _check_new_name(module: Any, name: Any, kind: str, registered: Any) -> None:
    """Refuse a name under which ``module`` cannot register a ``kind`` of thing."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if name not in registered and hasattr(module, name):
        raise KeyError(f"attribute '{name}' already exists")


def _run_registration_hooks(hooks: Any, module: Any, name: str, value: Any) -> Any:
    for hook in hooks.values():
        replaced = hook(module, name, value)
        if replaced is not None:
            value = replaced
    return value


# Values of these classes are never registered, so assigning one to a new name needs no look at what it is.
_PLAIN_TYPES = frozenset([int, float, bool, str, tuple, list, dict, type(None)])


class Module(ModuleMembers, ModuleState):
    """Base class of all modules.

    A module holds parameters, buffers and other modules, assigned as attributes, and computes in :meth:`forward`.
    A subclass calls ``super().__init__()`` before it assigns any of them.

    Attributes:
        training: whether the module is in training mode (:meth:`train`) or in evaluation mode (:meth:`eval`).

    Examples::

        >>> class Model(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(4, 8)
        ...         self.out = nn.Linear(8, 1)
        ...
        ...     def forward(self, x):
        ...         return self.out(torch.relu(self.hidden(x)))
        >>> Model()(torch.zeros(2, 4)).shape
        torch.Size([2, 1])
    """

    dump_patches: bool = False
    _version: int = 1
    call_super_init: bool = False
    _compiled_call_impl: Any = None
    T_destination = Any

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, torch.Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Written in one go: __setattr__ would look at each value.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _is_full_backward_hook=None,
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    # ---- calling -------------------------------------------------------------------------------------------------

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
            or _global_backward_hooks
            or _global_backward_pre_hooks
        ):
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # _call_impl once more, without a call and by the instance's dictionary: in a class that has __getattr__, a
        # look at an attribute takes 70 ns, a look into a dictionary 10.
        attributes = self.__dict__
        try:
            if not (
                attributes["_forward_hooks"]
                or attributes["_forward_pre_hooks"]
                or attributes["_backward_hooks"]
                or attributes["_backward_pre_hooks"]
                or "_compiled_call_impl" in attributes
                or _global_forward_hooks
                or _global_forward_pre_hooks
                or _global_backward_hooks
                or _global_backward_pre_hooks
            ):
                forward = self.forward
            else:
                forward = self._compiled_call_impl or self._call_impl
        except KeyError:
            forward = self._call_impl  # before Module.__init__: an error naming the attribute
        try:
            return forward(*args, **kwargs)
        except Exception as error:
            name_module(error, self, args, kwargs)
            raise

    def _error_brief(self, *args: Any, **kwargs: Any) -> str:
        """How errors name this module, called with these arguments."""
        return brief(self)

    _wrapped_call_impl = __call__

    def _call_with_hooks(self, args: tuple, kwargs: dict) -> Any:
        """Run forward with all hooks around it."""
        done: set[int] = set()  # always_call hooks that have run
        result = None
        try:
            for hook_id, hook in (*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()):
                if hook_id in self._forward_pre_hooks_with_kwargs:
                    replaced = hook(self, args, kwargs)
                    if replaced is not None:
                        if not (isinstance(replaced, tuple) and len(replaced) == 2):
                            raise RuntimeError(
                                "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                                f"but got {replaced}."
                            )
                        args, kwargs = replaced
                else:
                    replaced = hook(self, args)
                    if replaced is not None:
                        args = replaced if isinstance(replaced, tuple) else (replaced,)

            full_hooks, other_hooks = self._get_backward_hooks()
            pre_hooks = self._get_backward_pre_hooks()
            backward_hook = BackwardHook(self, full_hooks, pre_hooks) if full_hooks or pre_hooks else None
            if backward_hook is not None:
                args = backward_hook.setup_input_hook(args)

            result = self.forward(*args, **kwargs)

            for hook_id, hook in (*_global_forward_hooks.items(), *self._forward_hooks.items()):
                if hook_id in self._forward_hooks_always_called or hook_id in _global_forward_hooks_always_called:
                    done.add(hook_id)
                replaced = self._run_forward_hook(hook_id, hook, args, kwargs, result)
                if replaced is not None:
                    result = replaced

            if backward_hook is not None:
                if isinstance(result, (_Tensor, tuple)):
                    result = backward_hook.setup_output_hook(result)
                else:
                    warnings.warn(
                        "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                        f"but received {type(result)}",
                        stacklevel=3,
                    )
            if other_hooks:
                self._attach_non_full_hooks(other_hooks, args, result)
            return result
        except Exception:
            self._run_always_called_hooks(done, args, kwargs, result)
            raise

    def _run_forward_hook(self, hook_id: int, hook: Callable, args: tuple, kwargs: dict, result: Any) -> Any:
        if hook_id in self._forward_hooks_with_kwargs or hook_id in _global_forward_hooks_with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def _run_always_called_hooks(self, done: set[int], args: tuple, kwargs: dict, result: Any) -> None:
        """After an error: run the hooks that asked to be called in any case and have not been."""
        for hooks, marks in (
            (_global_forward_hooks, _global_forward_hooks_always_called),
            (self._forward_hooks, self._forward_hooks_always_called),
        ):
            for hook_id, hook in hooks.items():
                if hook_id not in marks or hook_id in done:
                    continue
                try:
                    replaced = self._run_forward_hook(hook_id, hook, args, kwargs, result)
                    if replaced is not None:
                        result = replaced
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that was silenced as "
                        f"another error was raised in forward: {error}",
                        stacklevel=4,
                    )

    def _attach_non_full_hooks(self, hooks: list, args: tuple, result: Any) -> None:
        """Put hooks of the deprecated kind on the node of the first tensor in ``result``."""
        first = result
        while not isinstance(first, _Tensor):
            if not isinstance(first, (dict, list, tuple)) or not first:
                return
            first = next(iter(first.values())) if isinstance(first, dict) else first[0]
        node = first.grad_fn
        if node is None:
            return
        for hook in hooks:

            def wrapped(grad_input: Any, grad_output: Any, hook: Callable = hook) -> Any:
                return hook(self, grad_input, grad_output)

            node.register_hook(wrapped)
        self._maybe_warn_non_full_backward_hook(args, result, node)

    def _maybe_warn_non_full_backward_hook(self, inputs: Any, result: Any, grad_fn: Any) -> None:
        several = "Please use register_full_backward_hook to get the documented behavior."
        if not isinstance(result, _Tensor) and not (
            isinstance(result, tuple) and all(isinstance(r, _Tensor) for r in result)
        ):
            reason = "does not return a single Tensor or a tuple of Tensors"
        elif isinstance(result, tuple) and len({r.grad_fn for r in result}) != 1:
            reason = "outputs are generated by different autograd Nodes"
        elif not all(isinstance(i, _Tensor) for i in inputs):
            reason = "does not take as input a single Tensor or a tuple of Tensors"
        else:
            inputs_nodes = {i.grad_fn for i in inputs if i.grad_fn is not None}
            next_nodes = {node for node, _ in grad_fn.next_functions}
            if inputs_nodes <= next_nodes:
                return
            reason = "forward contains multiple autograd Nodes"
        warnings.warn(
            f"Using a non-full backward hook when a Module {reason} is deprecated and will be removed in future "
            f"versions. This hook will be missing some grad_input. {several}",
            FutureWarning,
            stacklevel=4,
        )

    def _slow_forward(self, *input: Any, **kwargs: Any) -> Any:
        return self.forward(*input, **kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile this module's call in place by :func:`torch.compile`, which gets all arguments."""
        self._compiled_call_impl = torch.compile(self._call_impl, *args, **kwargs)

    # ---- hooks ---------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before :meth:`forward`; it may return new arguments.

        Args:
            hook: the function. A returned value that is not a tuple becomes the only argument.
            prepend: put it before the hooks registered so far.
            with_kwargs: call it as ``hook(module, args, kwargs)``; it may return a pair of both.
        """
        marks = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return _add(self._forward_pre_hooks, hook, prepend, marks)

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after :meth:`forward`; it may return another output.

        Args:
            hook: the function.
            prepend: put it before the hooks registered so far.
            with_kwargs: call it as ``hook(module, args, kwargs, output)``.
            always_call: run it also when the call raises.
        """
        marks = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            marks.append(self._forward_hooks_always_called)
        return _add(self._forward_hooks, hook, prepend, marks)

    def _set_backward_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """Deprecated; use :meth:`register_full_backward_hook`."""
        self._set_backward_kind(False)
        return _add(self._backward_hooks, hook)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs have been computed.

        Both are tuples, one entry for each positional input or output, ``None`` where that is no tensor. The hook
        may return new ``grad_input``.
        """
        self._set_backward_kind(True)
        return _add(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before backward goes through the module; it may return new gradients."""
        return _add(self._backward_pre_hooks, hook, prepend)

    def _get_backward_hooks(self) -> tuple[list, list]:
        """Return the full backward hooks and those of the deprecated kind, global ones first."""
        full: list = []
        other: list = []
        (full if _global_is_full_backward_hook is True else other).extend(_global_backward_hooks.values())
        (full if self._is_full_backward_hook is True else other).extend(self._backward_hooks.values())
        return full, other

    def _get_backward_pre_hooks(self) -> list:
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def _register_state_dict_hook(self, hook: Callable) -> RemovableHandle:
        # May return another dictionary, unlike a hook registered by the public method.
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via "
                "register_state_dict_post_hook"
            )
        return _add(self._state_dict_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after :meth:`state_dict`, to edit it in place."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return _add(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before :meth:`state_dict` collects."""
        return _add(self._state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(self, hook: Callable, with_module: bool = False) -> RemovableHandle:
        return _add(self._load_state_dict_pre_hooks, _LoadHook(hook, self if with_module else None))

    def register_load_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook`` before :meth:`load_state_dict` reads this module's entries.

        Its arguments: ``(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)``.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after :meth:`load_state_dict`, to edit the keys in place."""
        return _add(self._load_state_dict_post_hooks, hook)

    # ---- registration --------------------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under ``name``; ``None`` reserves the name for a parameter that is absent."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        _check_new_name(self, name, "parameter", self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = _run_registration_hooks(_global_parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: torch.Tensor | None, persistent: bool = True) -> None:
        """Add a buffer: a tensor that belongs to the module's state but is not trained.

        Args:
            name: the attribute under which it is found.
            tensor: the buffer; ``None`` reserves the name.
            persistent: whether :meth:`state_dict` contains it. Default: ``True``
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        _check_new_name(self, name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, _Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        tensor = _run_registration_hooks(_global_buffer_registration_hooks, self, name, tensor)
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under ``name``."""
        if not isinstance(module, Module) and module is not None:
            mend = ""
            if isinstance(module, (list, tuple)) and any(isinstance(item, Module) for item in module):
                mend = ": unpack it with *"
            elif callable(module):
                mend = f": {module!r} is a function, for which torch.nn may have a module"
            raise TypeError(f"{typename(module)} is not a Module subclass{mend}")
        _check_new_name(self, name, "module", self._modules)
        self._modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as :meth:`add_module`."""
        self.add_module(name, module)

    def __getattr__(self, name: str) -> Any:
        # Called when the name is neither in the instance's dictionary nor in the class.
        attributes = self.__dict__
        try:
            parameters = attributes["_parameters"]
            if name in parameters:
                return parameters[name]
            buffers = attributes["_buffers"]
            if name in buffers:
                return buffers[name]
            modules = attributes["_modules"]
            if name in modules:
                return modules[name]
        except KeyError:
            pass  # before Module.__init__
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        parameters = attributes.get("_parameters")
        modules = attributes.get("_modules")
        buffers = attributes.get("_buffers")
        if (
            type(value) in _PLAIN_TYPES
            and (parameters is None or name not in parameters)
            and (modules is None or name not in modules)
            and (buffers is None or name not in buffers)
        ):
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, attributes, buffers, modules)
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, attributes, parameters, buffers)
            modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, value)
        elif modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, value)
        elif isinstance(value, Buffer) or (buffers is not None and name in buffers):
            if value is not None and not isinstance(value, _Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            if buffers is None:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            if name not in buffers or isinstance(value, Buffer):
                persistent = getattr(value, "persistent", True)
                if name not in buffers:
                    self._forget(name, attributes, parameters, modules)
            else:
                persistent = name not in self._non_persistent_buffers_set
            self.register_buffer(name, value, persistent)
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, *places: Any) -> None:
        """Remove ``name`` from wherever else it is held, so that it can be registered anew."""
        for place in places:
            if place:
                place.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        keys = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        # "0" of a Sequential is no attribute one could write.
        return sorted(key for key in keys if not key[0].isdigit())

    def __getstate__(self) -> dict:
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        # Pickles of earlier versions lack some of these.
        for name in (
            "_forward_pre_hooks",
            "_forward_pre_hooks_with_kwargs",
            "_forward_hooks_with_kwargs",
            "_forward_hooks_always_called",
            "_state_dict_hooks",
            "_state_dict_pre_hooks",
            "_load_state_dict_pre_hooks",
            "_load_state_dict_post_hooks",
            "_backward_pre_hooks",
        ):
            self.__dict__.setdefault(name, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)
