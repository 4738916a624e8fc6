"""CUDA graphs: work that is captured once and given to the device again as a whole."""

from __future__ import annotations

import gc
from typing import Any, Callable, Optional

import torch
from torch import _C
from torch.cuda import _runtime
from torch.utils import _pytree as pytree

__all__ = ["CUDAGraph", "graph", "graph_pool_handle", "is_current_stream_capturing", "make_graphed_callables"]

_MODES = ("global", "thread_local", "relaxed")


def graph_pool_handle() -> tuple[int, int]:
    """A pool of memory that graphs can share which are replayed in the order of their captures."""
    return (0, _C._cuda_newGraphPool())


def is_current_stream_capturing() -> bool:
    """Whether the current stream is being captured."""
    return _C._cuda_isInitialized() and _C._cuda_isCapturing(_C._cuda_getDevice())


class CUDAGraph:
    """What a stream was given while it was captured.

    Tensors that were made during the capture keep their addresses: inputs are written in place before :meth:`replay`,
    and results are read from the same tensors afterwards.
    """

    def __init__(self, keep_graph: bool = False) -> None:
        self._handle = _C._cuda_newGraph()
        if keep_graph:
            self.enable_debug_mode()

    def capture_begin(self, pool: Optional[tuple[int, int]] = None, capture_error_mode: str = "global") -> None:
        """Captures the current stream from now on; the default stream cannot be.

        pool: whose memory it uses, from :func:`graph_pool_handle` or :meth:`pool`; one of its own by default.
        capture_error_mode: who may not make calls that a capture forbids: all threads (``"global"``), this one
            (``"thread_local"``), nobody (``"relaxed"``).
        """
        if capture_error_mode not in _MODES:
            raise RuntimeError(
                "Unknown capture error mode. Expected `global`, `thread_local`, or `relaxed`, got " + capture_error_mode
            )
        mode = _MODES.index(capture_error_mode)
        _C._cuda_beginCapture(self._handle, _C._cuda_getDevice(), pool[1] if pool else 0, mode)

    def capture_end(self) -> None:
        """Ends the capture and makes the graph ready to be replayed."""
        _C._cuda_endCapture(self._handle)

    def replay(self) -> None:
        """Gives the work to the current stream."""
        _C._cuda_replay(self._handle)

    def reset(self) -> None:
        """Gives up the graph and its hold on the pool."""
        _C._cuda_resetGraph(self._handle)

    def pool(self) -> tuple[int, int]:
        """The pool that the graph's memory is from."""
        return (0, _C._cuda_graphPool(self._handle))

    def enable_debug_mode(self) -> None:
        """Keeps what is captured, for :meth:`debug_dump`."""
        _C._cuda_keepGraph(self._handle)

    def debug_dump(self, debug_path: str) -> None:
        """Writes the graph to a file in the language of Graphviz."""
        _C._cuda_printGraph(self._handle, debug_path)

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            _C._cuda_deleteGraph(self._handle)


class graph:
    """Captures what a block does into a graph, on a stream of its own unless one is given."""

    default_capture_stream: Optional[_runtime.Stream] = None

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: Optional[tuple[int, int]] = None,
        stream: Optional[_runtime.Stream] = None,
        capture_error_mode: str = "global",
    ) -> None:
        if stream is None:
            if graph.default_capture_stream is None:
                graph.default_capture_stream = _runtime.Stream()
            stream = graph.default_capture_stream
        self.cuda_graph = cuda_graph
        self.capture_stream = stream
        self.pool = pool
        self.capture_error_mode = capture_error_mode
        self.stream_ctx = torch.cuda.stream(stream)

    def __enter__(self) -> None:
        torch.cuda.synchronize()
        gc.collect()  # what is freed later would be freed into the capture
        torch.cuda.empty_cache()
        self.stream_ctx.__enter__()
        try:
            self.cuda_graph.capture_begin(self.pool, self.capture_error_mode)
        except BaseException:
            self.stream_ctx.__exit__(None, None, None)
            raise

    def __exit__(self, *exception: Any) -> None:
        try:
            self.cuda_graph.capture_end()
        except RuntimeError:
            if exception[0] is None:  # otherwise that says what went wrong
                raise
        finally:
            self.stream_ctx.__exit__(*exception)


class _Graphed:
    """A callable by its two graphs."""

    def __init__(self, function: Any, sample_args: tuple, pool: tuple[int, int], warmup: int, unused: bool) -> None:
        leaves, self.spec = pytree.tree_flatten(sample_args)
        if not all(isinstance(leaf, torch.Tensor) for leaf in leaves):
            raise TypeError("make_graphed_callables: the sample arguments have to be tensors")
        module = isinstance(function, torch.nn.Module)
        self.parameters = tuple(function.parameters()) if module else ()
        self.inputs = tuple(leaves)
        self.function, self.args, self.pool, self.unused = function, sample_args, pool, unused
        surface = (*self.inputs, *self.parameters)
        self.wanted = tuple(t for t in surface if t.requires_grad)
        for _ in range(warmup):
            outputs = [t for t in pytree.tree_leaves(function(*sample_args)) if t.requires_grad]
            if outputs and self.wanted:
                torch.autograd.grad(
                    outputs, self.wanted, [torch.empty_like(t) for t in outputs], allow_unused=unused, only_inputs=True
                )
            del outputs

    def capture_forward(self) -> None:
        self.forward = CUDAGraph()
        with graph(self.forward, pool=self.pool):
            result = self.function(*self.args)
        outputs, self.out_spec = pytree.tree_flatten(result)
        self.outputs = tuple(outputs)

    def capture_backward(self) -> None:
        self.grad_outputs = tuple(torch.empty_like(t) if t.requires_grad else None for t in self.outputs)
        self.backward: Optional[CUDAGraph] = None
        grads: tuple = ()
        if self.wanted and any(t.requires_grad for t in self.outputs):
            self.backward = CUDAGraph()
            with graph(self.backward, pool=self.pool):
                grads = torch.autograd.grad(
                    [t for t in self.outputs if t.requires_grad],
                    self.wanted,
                    [g for g in self.grad_outputs if g is not None],
                    allow_unused=self.unused,
                    only_inputs=True,
                )
        left = iter(grads)
        surface = (*self.inputs, *self.parameters)
        self.grad_inputs = tuple(next(left, None) if t.requires_grad else None for t in surface)
        self.outputs = tuple(t.detach() for t in self.outputs)

    def call(self) -> Callable:
        graphed = self

        class Replay(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *given: torch.Tensor) -> tuple:
                for own, other in zip(graphed.inputs, given):
                    if own.data_ptr() != other.data_ptr():
                        own.copy_(other)
                graphed.forward.replay()
                return tuple(t.detach() for t in graphed.outputs)

            @staticmethod
            @torch.autograd.function.once_differentiable
            def backward(ctx: Any, *grads: Any) -> tuple:
                assert graphed.backward is not None
                for own, other in zip(graphed.grad_outputs, grads):
                    if own is not None and own.data_ptr() != other.data_ptr():
                        own.copy_(other)
                graphed.backward.replay()
                return tuple(None if g is None else g.detach() for g in graphed.grad_inputs)

        def replayed(*args: Any) -> Any:
            leaves = pytree.tree_leaves(args)
            return pytree.tree_unflatten(list(Replay.apply(*leaves, *graphed.parameters)), graphed.out_spec)

        return replayed


def make_graphed_callables(
    callables: Any,
    sample_args: Any,
    num_warmup_iters: int = 3,
    allow_unused_input: bool = False,
    pool: Optional[tuple[int, int]] = None,
) -> Any:
    """Functions or modules whose forward and backward passes are graphs.

    callables: one, or a tuple in the order in which they are called.
    sample_args: tensors in the shapes that the arguments will have, a tuple for each callable.
    num_warmup_iters: runs before the capture.
    allow_unused_input: whether inputs may have no part in the result.
    pool: of memory, that of other graphs.

    A module is changed in place: in the mode (training or not) that it has now, its calls replay the graphs.
    """
    if torch.is_autocast_enabled() and torch.is_autocast_cache_enabled():
        raise RuntimeError(
            "make_graphed_callables does not support the autocast caching. Please set `cache_enabled=False`."
        )
    single = not isinstance(callables, tuple)
    functions = (callables,) if single else callables
    samples = (sample_args,) if single else sample_args
    for function in functions:
        if isinstance(function, torch.nn.Module):
            if function._backward_hooks or function._forward_hooks or function._forward_pre_hooks:
                raise RuntimeError(
                    "Modules must not have hooks at the time they are passed. However, registering hooks on modules "
                    "after passing them through make_graphed_callables is allowed."
                )
            if any(b.requires_grad for b in function.buffers()):
                raise RuntimeError(
                    "In any :class:`~torch.nn.Module` passed to :func:`~make_graphed_callables`, only parameters may "
                    "be trainable. All buffers must have ``requires_grad=False``."
                )
    pool = graph_pool_handle() if pool is None else pool
    torch.cuda.synchronize()
    with torch.cuda.stream(_runtime.Stream()):
        made = [_Graphed(f, tuple(s), pool, num_warmup_iters, allow_unused_input) for f, s in zip(functions, samples)]
    torch.cuda.synchronize()
    for graphed in made:
        graphed.capture_forward()
    for graphed in reversed(made):  # in the order in which they will run
        graphed.capture_backward()
    results: list[Any] = []
    for function, graphed in zip(functions, made):
        replayed = graphed.call()
        if isinstance(function, torch.nn.Module):
            function.forward = _in_mode(function, function.training, replayed, function.forward)  # type: ignore[method-assign]
            results.append(function)
        else:
            results.append(replayed)
    return results[0] if single else tuple(results)


def _in_mode(module: torch.nn.Module, training: bool, replayed: Callable, eager: Callable) -> Callable:
    def forward(*args: Any) -> Any:
        return replayed(*args) if module.training == training else eager(*args)

    return forward
