"""Large kernels stay out of their callers' code: a caller holds the name, and may be compiled before they are.

Numba links what is called into each caller, and translates it there again; and it compiles a caller only after what
that calls. Here neither holds for the kernels given to `call_by_name`, so that two processes can each compile a half.
"""

from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace

from numba import types
from numba.core import typing
from numba.core.cpu import CPUContext
from numba.core.funcdesc import PythonFunctionDescriptor, default_mangler

from coreops.kernel_cache import NotAsCompiled

_known = {}  # symbol -> Callee
_promised = set()  # those that are not compiled yet


@dataclass(frozen=True)
class Callee:
    """A kernel that others call by its symbol: kept with their code, and called by Numba before it loads that."""

    module: str
    name: str
    types: tuple
    symbol: str

    @property
    def kernel(self):
        return getattr(import_module(self.module), self.name)

    def __call__(self):
        """Have the kernel ready: compiled here, from the cache, or else compiled now."""
        kernel, promise = self.kernel, None
        if self in _promised:
            _promised.remove(self)
            promise = kernel.overloads.pop(self.types)
        kernel.compile(self.types)
        compiled = kernel.overloads[self.types]
        if compiled.fndesc.llvm_func_name != self.symbol:
            raise NotAsCompiled(self)
        if promise and promise.signature != compiled.signature:
            raise TypeError(f"{self.name}: got {compiled.signature}, wanted {promise.signature}")


def mangler(context, name, argtypes, *, abi_tags=(), uid=None):
    """A function's symbol: Numba's, with a number that each process counts anew, or that of a callee."""
    symbol = default_mangler(name, argtypes)
    return symbol if symbol in _known else default_mangler(name, argtypes, abi_tags=abi_tags, uid=uid)


def name(kernel, argtypes):
    """Give the kernel, compiled for these types, the same symbol in every process; returns the Callee."""
    CPUContext.mangler = mangler
    module, function = kernel.py_func.__module__, kernel.py_func.__qualname__
    symbol = default_mangler(f"{module}.{function}", argtypes)
    kernel._cache.symbols[argtypes] = symbol
    return _known.setdefault(symbol, Callee(module, function, argtypes, symbol))


def call_by_name(kernel, argtypes):
    """From here on, what calls the kernel is compiled with its name in the place of its code.

    A kernel that has not been compiled yet is compiled, or found in the cache, when its first caller is complete; it
    must return nothing.
    """
    callee, compiled = name(kernel, argtypes), kernel.overloads.get(argtypes)
    if compiled is None:
        _promised.add(callee)
    result = compiled.signature.return_type if compiled else types.none
    described = PythonFunctionDescriptor(
        True, callee.module, callee.name, callee.symbol, "", None, result, None, (), (),
        lambda *_, **__: callee.symbol, argtypes,
    )  # fmt: skip
    kernel.targetctx.insert_user_function(callee, described)
    kernel.overloads[argtypes] = SimpleNamespace(
        signature=typing.signature(result, *argtypes), entry_point=callee, objectmode=False, fndesc=described
    )


def load_called(module):
    """Have ready what the LLVM module calls by name; returns those callees."""
    called = [_known[f.name] for f in module.functions if f.is_declaration and f.name in _known]
    for callee in called:
        callee()
    return called
