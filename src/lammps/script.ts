import { UsageError } from '../core/errors.ts';
import type { LoadRoute } from './installation.ts';

/**
 * The lines that make `pair_style nnp/socket`, `pair_style nnp` and `compute nnp/disagreement` known to LAMMPS. Paths are literal
 * because the here-document of LAMMPS' `python` command expands no variables. Must be read again after `clear`.
 * Throws UsageError for paths that cannot be written in an input script.
 */
function loaderText(library: string, route: LoadRoute): string {
  return route === 'plugin' ? `plugin load ${word(library)}` : pythonLoader(word(library));
}

/** The include file for a force server: sets `nnp_pair` for `pair_style ${nnp_pair}`, and `nnp_server` to the address. */
export function includeText(library: string, address: string, route: LoadRoute): string {
  return `${loaderText(library, route)}
variable nnp_server string ${word(address)}
variable nnp_pair string "nnp/socket ${word(address)}"
`;
}

/** The include file for a potential file: sets `nnp_pair` for `pair_style ${nnp_pair}`, and `nnp_file` to the file. */
export function inProcessText(library: string, file: string, route: LoadRoute, threads = 1): string {
  return `${loaderText(library, route)}
variable nnp_file string ${word(file)}
variable nnp_pair string "nnp ${word(file)}${threads > 1 ? ` threads ${threads}` : ''}"
`;
}

function word(text: string): string {
  if (/["'\\\s$#&]/.test(text))
    throw new UsageError(`a path in a LAMMPS input script cannot hold quotes, blanks or $#&: ${text}`);
  return text;
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
  return `pair_style \${nnp_pair}\npair_coeff * * ${elements.join(' ')}`;
}
