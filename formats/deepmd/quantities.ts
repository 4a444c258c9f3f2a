/** Arrays that are fields of a frame. Source: DeePMD-kit documentation, "System" (data format). */
export const STRUCTURE = ['coord', 'box', 'energy', 'force', 'virial', 'real_atom_types', 'type', 'type_map', 'nopbc'];

/** Extra arrays with one row of values per atom; all others belong to the frame. */
export const PER_ATOM = new Set([
  'aparam',
  'atom_dipole',
  'atom_ener',
  'atom_polarizability',
  'atom_pref',
  'atom_virial',
  'atomic_dipole',
  'atomic_polarizability',
  'atomic_weight',
  'drdq',
  'force_mag',
  'spin',
]);
