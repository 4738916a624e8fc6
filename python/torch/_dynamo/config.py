"""Settings of graph capture. They are kept; those that steer what is not here yet have no effect."""

import os
import sys

from torch.utils._config_module import install_config_module, parse_settings

_SETTINGS = parse_settings("""
accumulated_recompile_limit=256 allow_empty_graphs=False allow_ignore_mark_dynamic=False allow_rnn=False
assume_static_by_default=True automatic_dynamic_local_pgo=True automatic_dynamic_shapes=True caching_precompile=False
capture_dynamic_output_shape_ops=False capture_func_transforms=True capture_profiler_record_function=False
capture_scalar_outputs=False capture_sparse_compute=True compiled_autograd=False cprofile=False
dead_code_elimination=None do_not_emit_runtime_asserts=False dynamic_shapes=True enable_compiler_collectives=False
enable_cpp_guard_manager=True error_on_recompile=False fail_on_recompile_limit_hit=False
fake_tensor_cache_enabled=True force_nn_module_property_static_shapes=True force_parameter_static_shapes=True
guard_nn_modules=True guard_nn_modules_using_dict_tags=True ignore_logging_functions=[]
inline_inbuilt_nn_modules=True install_free_tensors=False log_compilation_metrics=True log_file_name=None
minimum_call_count=1 nested_graph_breaks=False numpy_default_complex='complex128' numpy_default_float='float64'
numpy_default_int='int64' optimize_ddp=True optimize_ddp_lazy_compile=False prepare_freezing=False
raise_on_ctx_manager_usage=True raise_on_unsafe_aot_autograd=False recompile_limit=8
reorderable_logging_functions=[] replay_record_enabled=False report_guard_failures=True repro_after=None
repro_level=2 repro_tolerance=0.001 rewrite_assert_with_torch_assert=True
skip_code_recursive_on_recompile_limit_hit=True skip_fsdp_guards=True
skip_fwd_side_effects_in_bwd_under_checkpoint=False skip_nnmodule_hook_guards=True skip_torchrec=True
specialize_float=False specialize_int=False strict_precompile=False suppress_errors=False trace_numpy=True
use_lazy_graph_module=True use_numpy_random_stream=False verbose=False verify_correctness=False
allow_unspec_int_on_nn_module=False traceable_tensor_subclasses=[] disable=False
""")
for _name in ("ignore_logging_functions", "reorderable_logging_functions", "traceable_tensor_subclasses"):
    _SETTINGS[_name] = set()
_SETTINGS["disable"] = os.environ.get("TORCH_COMPILE_DISABLE", "0") == "1"

install_config_module(
    sys.modules[__name__],
    _SETTINGS,
    {"cache_size_limit": "recompile_limit", "accumulated_cache_size_limit": "accumulated_recompile_limit"},
)
