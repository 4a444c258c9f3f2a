/**
 * Columns of the Atoms section by atom style (manual page "read_data"). `bond`, `angle` and `molecular` have the same ones.
 * Three image flags may follow.
 */
const STYLES: Readonly<Record<string, string>> = {
  amoeba: 'id mol type q x y z',
  angle: 'id mol type x y z',
  atomic: 'id type x y z',
  body: 'id type bodyflag mass x y z',
  bond: 'id mol type x y z',
  'bpm/sphere': 'id mol type diameter density x y z',
  charge: 'id type q x y z',
  dielectric: 'id type q x y z mux muy muz area ed em epsilon curvature',
  dipole: 'id type q x y z mux muy muz',
  dpd: 'id type theta x y z',
  edpd: 'id type edpd_temp edpd_cv x y z',
  electron: 'id type q espin eradius x y z',
  ellipsoid: 'id type ellipsoidflag density x y z',
  full: 'id mol type q x y z',
  line: 'id mol type lineflag density x y z',
  mdpd: 'id type rho x y z',
  mesont: 'id mol type bond_nt mass mradius mlength buckled x y z',
  molecular: 'id mol type x y z',
  peri: 'id type volume density x y z',
  rheo: 'id type status rho x y z',
  'rheo/thermal': 'id type status rho esph x y z',
  smd: 'id type molecule volume mass kradius cradius x0 y0 z0 x y z',
  sph: 'id type rho esph cv x y z',
  sphere: 'id type diameter density x y z',
  spin: 'id type x y z spx spy spz sp',
  template: 'id type mol template_index template_atom x y z',
  tri: 'id mol type triangleflag density x y z',
  wavepacket: 'id type q espin eradius etag cs_re cs_im x y z',
};

const INTEGERS = new Set([
  'id',
  'mol',
  'type',
  'bodyflag',
  'ellipsoidflag',
  'lineflag',
  'triangleflag',
  'espin',
  'molecule',
  'bond_nt',
  'buckled',
  'template_index',
  'template_atom',
  'etag',
  'status',
]);

export function isIntegerField(name: string): boolean {
  return INTEGERS.has(name);
}

/** Names of the columns of a style; `hybrid a b` has id type x y z and then what the sub-styles add. Undefined = not known. */
export function columnsOfStyle(style: string): string[] | undefined {
  const [name, ...subStyles] = style.trim().split(/\s+/);
  if (name !== 'hybrid')
    return subStyles.length === 0 && Object.hasOwn(STYLES, name) ? STYLES[name].split(' ') : undefined;
  if (!subStyles.every((sub) => Object.hasOwn(STYLES, sub))) return undefined;
  const base = ['id', 'type', 'x', 'y', 'z'];
  return [...new Set([...base, ...subStyles.flatMap((sub) => STYLES[sub].split(' '))])];
}

/** The style that a comment such as `Atoms # full` names; undefined when it is free text. */
export function styleInComment(comment: string): string | undefined {
  const words = comment.trim().split(/\s+/);
  if (words[0] === 'hybrid') {
    const style = words.join(' ');
    return columnsOfStyle(style) ? style : undefined;
  }
  return Object.hasOwn(STYLES, words[0]) ? words[0] : undefined;
}

/** All styles whose columns a row can be, by its number of values and by where it has integers. */
export function stylesFor(row: readonly string[]): string[] {
  const isInteger = (word: string) => /^[+-]?\d+$/.test(word);
  return Object.keys(STYLES).filter((style) => {
    const columns = STYLES[style].split(' ');
    const images = row.length - columns.length;
    if (images !== 0 && images !== 3) return false;
    return row.every((word, k) => isInteger(word) || (k < columns.length && !INTEGERS.has(columns[k])));
  });
}
