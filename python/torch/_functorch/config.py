"""Settings of ahead-of-time differentiation. They are kept and have no effect: there is none yet."""

import sys

from torch.utils._config_module import install_config_module, parse_settings

_SETTINGS = parse_settings("""
activation_memory_budget=1.0 activation_memory_budget_runtime_estimator='flops'
activation_memory_budget_solver='dp' aggressive_recomputation=False ban_recompute_long_fusible_chains=True
ban_recompute_materialized_backward=True ban_recompute_not_in_allowlist=True ban_recompute_reductions=True
ban_recompute_used_far_apart=True cse=True debug_assert=False debug_partitioner=False donated_buffer=True
enable_activation_offloading=False enable_autograd_cache=True enable_remote_autograd_cache=None
fake_tensor_allow_meta=True fake_tensor_propagate_real_tensors=False functionalize_rng_ops=False
guess_tangent_strides_as_outputs=True max_dist_from_bw=1000 recompute_views=False static_weight_shapes=True
strict_autograd_cache=False treat_parameters_as_free_to_save=True unlift_effect_tokens=False
view_replay_for_aliased_outputs=True
""")

install_config_module(sys.modules[__name__], _SETTINGS)
