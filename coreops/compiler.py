"""Numba's compiler in a process that does nothing else: in half the time, for the same code.

Numba optimises and translates a function together with all that it calls, and does so again in each of its callers:
three to five times for most kernels. Here what is called is only linked; the function that the program itself calls is
optimised and translated with all of it, save what it calls by name (`callees.py`), and alone is kept in the cache.
"""

import gc
import operator

from llvmlite.binding import set_option
from numba import typeof, types
from numba.core import event
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.ir import Scope
from numba.core.lowering import Lower

from coreops import callees

alone = False  # whether this is such a process
OPERATORS = {value for name, value in vars(operator).items() if not name.startswith("_")}
found = {}  # operator and the types of its arguments -> those of a call


class Nesting(event.Listener):
    """Counts the functions that are being compiled, one within the other."""

    depth = 0

    def on_start(self, event):
        self.depth += 1

    def on_end(self, event):
        self.depth -= 1


nesting = Nesting()


class LinkedLibrary(JITCodeLibrary):
    """The code of a function, which stays untranslated if the function is compiled for another one."""

    untranslated = False

    def finalize(self):
        if nesting.depth < 2:
            super().finalize()
            return
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = self.untranslated = True

    def _finalize_final_module(self):
        self._reload_init.update(callees.load_called(self._final_module))
        super()._finalize_final_module()


def create_cpython_wrapper(lowering, release_gil=False, create=Lower.create_cpython_wrapper):
    """The code by which Python calls a function, which takes a twentieth of the time, if Python will call it."""
    if nesting.depth < 2:
        create(lowering, release_gil)


def set_env(codegen, name, env, tell=JITCPUCodegen.set_env):
    """Tell the machine code where its Python objects are, if it exists."""
    if codegen._engine.is_symbol_defined(name):
        tell(codegen, name, env)


def get_call_type(self, context, args, kws, find=types.Function.get_call_type):
    """The types of a call. Numba tries all that an operator can mean, time and again, also for two numbers."""
    if kws or self.typing_key not in OPERATORS or not all(isinstance(a, types.Number | types.Boolean) for a in args):
        return find(self, context, args, kws)
    call = (self.typing_key, *args)
    if call not in found:
        found[call] = find(self, context, args, kws)
    return found[call]


def only_compile():
    """Make this process one that compiles, and calls no function from Python that it compiled for another one."""
    global alone
    alone = True
    gc.disable()  # collecting takes a twelfth of the time, and nearly all that was made is still needed
    # A tenth goes into unrolling loops for more rounds than tiny networks have, which are a tenth slower then.
    set_option("", "--unroll-runtime=false")
    event.register("numba:compile", nesting)
    types.Function.get_call_type = get_call_type
    Scope.__deepcopy__ = lambda self, memo: self  # Numba copies all variables with each block of a merged function
    JITCPUCodegen._library_class = LinkedLibrary
    JITCPUCodegen.set_env = set_env
    Lower.create_cpython_wrapper = create_cpython_wrapper


def signature(*arguments):
    """The types for which a call with these arguments compiles a kernel."""
    return tuple(map(typeof, arguments))
