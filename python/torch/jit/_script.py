"""Second path of classes and functions of torch.jit."""

from torch.jit import (
    RecursiveScriptModule as RecursiveScriptModule,
    ScriptFunction as ScriptFunction,
    ScriptModule as ScriptModule,
    ScriptWarning as ScriptWarning,
    script as script,
)
