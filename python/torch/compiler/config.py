"""Settings of ``torch.compile`` as a whole. They are kept and have no effect: there is no compiler yet."""

import sys

from torch.utils._config_module import install_config_module, parse_settings

install_config_module(
    sys.modules[__name__],
    parse_settings("job_id=None pgo_extra_read_key=None pgo_extra_write_key=None cache_key_tag='' dynamic_sources=''"),
)
