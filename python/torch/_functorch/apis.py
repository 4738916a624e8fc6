"""Second path of functions of torch.func."""

from torch._functorch.eager_transforms import grad as grad, grad_and_value as grad_and_value
from torch._functorch.vmap import vmap as vmap
