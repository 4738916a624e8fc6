"""Names for annotations that TorchScript reads."""

from typing import Any as Any, Dict as Dict, List as List, Optional as Optional, Tuple as Tuple  # noqa: UP035

from torch._jit_internal import (
    BroadcastingList1 as BroadcastingList1,
    BroadcastingList2 as BroadcastingList2,
    BroadcastingList3 as BroadcastingList3,
    BroadcastingList4 as BroadcastingList4,
    BroadcastingList5 as BroadcastingList5,
    BroadcastingList6 as BroadcastingList6,
    Final as Final,
    is_dict as is_dict,
    is_list as is_list,
    is_optional as is_optional,
    is_tuple as is_tuple,
    is_union as is_union,
)
