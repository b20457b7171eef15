"""Large kernels stay out of their callers' code: a caller holds the name, and may be compiled before they are.

Numba links what is called into each caller, and translates it there again; and it compiles a caller only after what
that calls. Here neither holds for the kernels given to `call_by_name`, so that two processes can each compile a half.
"""

from types import SimpleNamespace

from numba import types
from numba.core import typing
from numba.core.cpu import CPUContext
from numba.core.funcdesc import PythonFunctionDescriptor, default_mangler

from coreops.kernel_cache import Callee

_known = {}  # symbol -> (kernel, Callee)
_promised = set()  # symbols of those that are not compiled yet


def mangler(context, name, argtypes, *, abi_tags=(), uid=None):
    """A function's symbol: Numba's, with a number that each process counts anew, or that of a callee."""
    symbol = default_mangler(name, argtypes)
    return symbol if symbol in _known else default_mangler(name, argtypes, abi_tags=abi_tags, uid=uid)


def name(kernel, argtypes):
    """Give the kernel, compiled for these types, the same symbol in every process."""
    CPUContext.mangler = mangler
    function = kernel.py_func
    symbol = default_mangler(f"{function.__module__}.{function.__qualname__}", argtypes)
    _known[symbol] = kernel, Callee(function.__module__, function.__qualname__, argtypes, symbol)
    return symbol


def call_by_name(kernel, argtypes):
    """From here on, what calls the kernel is compiled with its name in the place of its code.

    A kernel that has not been compiled with this name yet is compiled, or found in the cache, when its first caller is
    complete; it must return nothing.
    """
    symbol = name(kernel, argtypes)
    compiled = kernel.overloads.get(argtypes)
    if compiled is None:
        _promised.add(symbol)
    result, callee = compiled.signature.return_type if compiled else types.none, _known[symbol][1]
    described = PythonFunctionDescriptor(
        True, callee.module, callee.name, symbol, "", None, result, None, (), (),
        lambda *_, **__: symbol, argtypes,
    )  # fmt: skip
    kernel.targetctx.insert_user_function(callee, described)
    kernel.overloads[argtypes] = SimpleNamespace(
        signature=typing.signature(result, *argtypes), entry_point=callee, objectmode=False, fndesc=described
    )


def load_called(module):
    """Have ready what the LLVM module calls by name; returns those callees."""
    found = [_known[f.name] for f in module.functions if f.is_declaration and f.name in _known]
    for kernel, callee in found:
        if callee.symbol in _promised:
            _promised.remove(callee.symbol)
            promise = kernel.overloads.pop(callee.types)
            callee()
            found_signature = kernel.overloads[callee.types].signature
            if found_signature != promise.signature:
                raise TypeError(f"{kernel}: got {found_signature}, wanted {promise.signature}")
    return [callee for _, callee in found]
