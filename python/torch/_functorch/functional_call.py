"""Second path of functions of torch.func."""

from torch._functorch.module_state import (
    functional_call as functional_call,
    stack_module_state as stack_module_state,
)
