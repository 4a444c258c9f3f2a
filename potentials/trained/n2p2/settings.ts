import { FormatError, UnknownFormatError } from '../../../src/core/errors.ts';

/** One line of `input.nn`. */
export interface Setting {
  readonly line: number;
  readonly words: readonly string[];
}

/** `input.nn` by keyword (canonical names, without `_short`), in file order. */
export interface Settings {
  readonly path: string;
  readonly all: ReadonlyMap<string, readonly Setting[]>;
  /** Keywords that are neither used nor known to be irrelevant, with their lines. */
  readonly unknown: readonly { readonly keyword: string; readonly line: number }[];
}

/** Keywords that decide what the potential evaluates to. Each may be written with or without `_short`. */
const EVALUATION: readonly string[] = [
  'number_of_elements',
  'elements',
  'atom_energy',
  'cutoff_type',
  'center_symmetry_functions',
  'scale_symmetry_functions',
  'scale_symmetry_functions_sigma',
  'scale_min',
  'scale_max',
  'symfunction',
  'global_hidden_layers',
  'global_nodes',
  'global_activation',
  'element_hidden_layers',
  'element_nodes',
  'element_activation',
  'normalize_nodes',
  'mean_energy',
  'conv_energy',
  'conv_length',
  'nnp_type',
  'nnp_gen',
  'nn_type',
];

/** Keywords that may stand more than once. */
const REPEATABLE = new Set([
  'symfunction',
  'atom_energy',
  'element_hidden_layers',
  'element_nodes',
  'element_activation',
]);

/** Keywords of models with charges, long-range or pair terms (n2p2 4G, RuNNer): evaluating without them would be wrong. */
const REFUSED =
  /^(use_electrostatics|use_vdw|use_gausswidths?|use_hamiltonian|initial_hardness|fixed_gausswidth|(global|element)_\w+_(charge|elec)|symfunction_(charge|elec|electrostatic|pair|ham)|(element|global)_pairsymfunction)$/;

/** RuNNer's shorthands that stand for many functions at once. */
const SHORTHAND = /^(global|element)_symfunction$/;

/** Keywords of training, output and program control, by their beginnings. */
const IRRELEVANT =
  /^(analyze|biasweights|bond|calculate|check|conv_charge|cutoff_alpha|data|detailed|detect|dynforcegroup|elec|element_.*_electrostatic|energy|epochs|ewald|fit|fixed_short|force|fraction|global_.*_(electrostatic|pair)|gradient|grow|growth|init|jacobian|joint|kalman|lambda|main|max_|md_mode|memorize|mix|mode|nguyen|noise|normalize_(force|stress)|number_of_epochs|optmode|parallel|points|precondition|prepare|print|quasinewton|random|read|regularize|remove|repeated|reset|restrict|rmse|runner_mode|save|screen|select|separate|short|shuffle|silent|structure|task|test|total_charge|update|updater|use_|vdw|weight|write|worste|worstf|zero)/;

const FLAG_KEYWORDS = new Set([
  'center_symmetry_functions',
  'scale_symmetry_functions',
  'scale_symmetry_functions_sigma',
  'normalize_nodes',
]);

/**
 * Splits the text of `input.nn` into settings. `#` begins a comment. Throws FormatError for a repeated keyword and for one that is
 * a misspelled keyword of evaluation, UnknownFormatError for models with charges or long-range terms.
 */
export function parseSettings(text: string, path: string): Settings {
  const all = new Map<string, Setting[]>();
  const unknown: { keyword: string; line: number }[] = [];
  text.split('\n').forEach((row, k) => {
    const line = k + 1;
    const words = row.replace(/#.*$/s, '').split(/\s+/).filter(Boolean);
    if (words.length === 0) return;
    const keyword = words[0].replace(/_short$/, '');
    if (REFUSED.test(keyword)) {
      throw new UnknownFormatError(
        `${path}:${line}: the keyword "${words[0]}" belongs to a model with charges, long-range or pair terms; only short-range (2G) potentials are supported [n2p2]`,
      );
    }
    if (SHORTHAND.test(keyword)) {
      const message = `expected one symfunction_short line per function, found "${words[0]}", which is not supported`;
      throw new FormatError('n2p2', { path, line }, message);
    }
    if (!EVALUATION.includes(keyword)) {
      note(words[0], keyword, line);
      return;
    }
    const earlier = all.get(keyword);
    if (!earlier) all.set(keyword, [{ line, words: words.slice(1) }]);
    else if (REPEATABLE.has(keyword)) earlier.push({ line, words: words.slice(1) });
    else
      throw new FormatError(
        'n2p2',
        { path, line },
        `expected "${words[0]}" once, found it on line ${earlier[0].line} too`,
      );
    if (FLAG_KEYWORDS.has(keyword) && /^(\.?f(alse\.?)?|no|off|0)$/i.test(words[1] ?? ''))
      throw new FormatError(
        'n2p2',
        { path, line },
        `expected no argument of "${words[0]}" (its presence turns it on), found "${words[1]}"`,
      );
  });
  return { path, all, unknown };

  function note(written: string, keyword: string, line: number): void {
    if (IRRELEVANT.test(keyword)) return;
    const meant = EVALUATION.find((known) => differBySlip(known, keyword));
    if (meant)
      throw new FormatError('n2p2', { path, line }, `expected a keyword, found "${written}"; is "${meant}" meant?`);
    unknown.push({ keyword: written, line });
  }
}

/** True when two words differ by one or two letters (edit distance), so that one is likely a slip of the other. */
function differBySlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2 || b.length > 64) return false;
  let previous = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    previous = row;
  }
  return previous[b.length] <= 2;
}
