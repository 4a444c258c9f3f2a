import { UsageError } from '../core/errors.ts';
import type { LoadRoute } from './installation.ts';

/**
 * The lines that make `pair_style nnp/socket` known to LAMMPS and set the variable `nnp_server` to the address. Paths are
 * literal because the here-document of LAMMPS' `python` command expands no variables. Must be read again after `clear`.
 * Throws UsageError for paths that cannot be written in an input script.
 */
export function includeText(library: string, address: string, route: LoadRoute): string {
  for (const text of [library, address]) {
    if (/["'\\\s$#&]/.test(text))
      throw new UsageError(`a path in a LAMMPS input script cannot hold quotes, blanks or $#&: ${text}`);
  }
  return `${route === 'plugin' ? `plugin load ${library}` : pythonLoader(library)}\nvariable nnp_server string ${address}\n`;
}

function pythonLoader(library: string): string {
  return `python nnp_load input 1 SELF format p here """
import ctypes
def nnp_load(lmp):
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    register = ctypes.CDLL("${library}").nnp_register
    register.restype = ctypes.c_char_p
    problem = register(ctypes.c_void_p(pointer(lmp, None)))
    if problem:
        raise RuntimeError(problem.decode())
"""
python nnp_load invoke`;
}

/** The lines of the user's own input script that refer to the include file. */
export function pairLines(elements: readonly string[]): string {
  return `pair_style nnp/socket \${nnp_server}\npair_coeff * * ${elements.join(' ')}`;
}
