import { describe, expect, test } from 'vitest';
import { readN2p2 } from '../../../../potentials/trained/n2p2/read.ts';
import type { Diagnostic } from '../../../../src/core/diagnostic.ts';
import { FormatError, MissingDataError, ProjectError, UnknownFormatError } from '../../../../src/core/errors.ts';
import { seededRandom } from '../../../../src/core/random.ts';
import { BOHR, HARTREE } from '../../../../src/core/units.ts';
import { folderOf, WATER } from './files.ts';

const input = (change: (text: string) => string) => ({ ...WATER, 'input.nn': change(WATER['input.nn']) });
const withLine = (line: string) => input((text) => `${text}${line}\n`);
const replaced = (from: string | RegExp, to: string) =>
  input((text) => {
    expect(text).toMatch(from);
    return text.replace(from, to);
  });

describe('readN2p2', () => {
  test('sorts elements by atomic number and functions in the order of n2p2, and converts units', async () => {
    const model = await readN2p2(await folderOf(WATER));
    expect(model.elements.map(({ z }) => z)).toEqual([1, 8]);
    const [h, o] = model.elements;
    expect(h.symmetryFunctions).toEqual([
      { type: 2, e1: 8, eta: 0.1 / BOHR ** 2, rs: 0, rc: 8 * BOHR },
      { type: 2, e1: 8, eta: 0.2 / BOHR ** 2, rs: 0.5 * BOHR, rc: 8 * BOHR },
    ]);
    expect(o.symmetryFunctions.map(({ type }) => type)).toEqual([2, 3]);
    expect([h.energyOffset, o.energyOffset]).toEqual([-0.5 * HARTREE, -75 * HARTREE]);
    expect(model.energyFactor).toBe(HARTREE);
    expect([...o.scaleFactor]).toEqual([0.25, 2]);
    expect([...h.scaleOffset]).toEqual([0, -0.1]);
    expect(h.network.layers.map(({ inputs, outputs, activation }) => [inputs, outputs, activation])).toEqual([
      [2, 2, 't'],
      [2, 1, 'l'],
    ]);
    // Input-major in the file, one row per output here.
    expect([...h.network.layers[0].weights]).toEqual([0.1, 0.3, 0.2, 0.4]);
    expect([...h.network.layers[0].biases, ...h.network.layers[1].weights, ...h.network.layers[1].biases]).toEqual([
      0.5, 0.6, 0.7, 0.8, 0.9,
    ]);
  });

  test('applies normalization: offsets and network energies, not lengths', async () => {
    const model = await readN2p2(await folderOf(withLine('mean_energy -25\nconv_energy 200\nconv_length 6')));
    expect(model.energyFactor).toBeCloseTo(HARTREE / 200, 14);
    expect(model.elements[0].energyOffset).toBe(-25.5 * HARTREE);
    expect(model.elements[0].symmetryFunctions[0].rc).toBe(8 * BOHR);
  });

  test('lets element keywords override the global network', async () => {
    const files = {
      ...withLine('element_nodes_short O 3\nelement_activation_short O p l\nnormalize_nodes'),
      'weights.008.data': '1\n'.repeat(13),
    };
    const { elements } = await readN2p2(await folderOf(files));
    expect(elements.map(({ network }) => network.layers[0].outputs)).toEqual([2, 3]);
    expect(elements.map(({ network }) => network.layers[0].activation)).toEqual(['t', 'p']);
    expect(elements.every(({ network }) => network.normalizeNodes)).toBe(true);
  });

  test.each([
    ['', 'none', 1, 0],
    ['center_symmetry_functions', 'center', 1, -1],
    ['scale_symmetry_functions', 'scale', 0.5, 0],
    ['scale_symmetry_functions\ncenter_symmetry_functions', 'scale-center', 0.5, -0.5],
    ['scale_symmetry_functions_sigma', 'sigma', 2, -2],
    ['scale_symmetry_functions_sigma\ncenter_symmetry_functions', 'sigma', 2, -2],
  ])('scales as the keywords "%s" say', async (keywords, kind, a, b) => {
    const model = await readN2p2(await folderOf(replaced(/scale_symmetry_functions .*/, keywords)));
    expect(model.scaling.kind).toBe(kind);
    expect([model.elements[0].scaleFactor[0], model.elements[0].scaleOffset[0]]).toEqual([a, b]);
  });

  test('takes scaling.data of five columns, and none where nothing is scaled', async () => {
    const five = WATER['scaling.data'].replaceAll(/ \S+$/gm, '');
    const model = await readN2p2(await folderOf({ ...WATER, 'scaling.data': five }));
    expect(model.elements[0].statistics?.sigma).toBeUndefined();
    const files = { ...replaced(/scale_symmetry_functions .*/, ''), 'scaling.data': undefined };
    expect((await readN2p2(await folderOf(files))).elements[0].statistics).toBeUndefined();
  });

  test('takes units from options, and refuses without, with unknown or with contradicting ones', async () => {
    const bare = await folderOf({ ...WATER, 'potential.json': undefined });
    await expect(readN2p2(bare)).rejects.toThrow(/length unit of this potential is not stated.*never guessed/);
    await expect(readN2p2(bare)).rejects.toBeInstanceOf(MissingDataError);
    await expect(readN2p2(bare, { lengthUnit: 'angstrom' })).rejects.toThrow(/energy unit/);
    const model = await readN2p2(bare, { lengthUnit: 'angstrom', energyUnit: 'eV' });
    expect(model.elements[0].symmetryFunctions[0].rc).toBe(8);
    await expect(readN2p2(bare, { lengthUnit: 'furlong', energyUnit: 'eV' })).rejects.toThrow(/"furlong"/);
    await expect(readN2p2(await folderOf(WATER), { lengthUnit: 'angstrom' })).rejects.toThrow(/"angstrom".*"bohr"/);
  });

  test('warns of unknown keywords and is silent about those of training', async () => {
    const diagnostics: Diagnostic[] = [];
    const folder = await folderOf(withLine('kalman_type 1\nwrite_trainlog\nfrobnicate 7'));
    await readN2p2(folder, { onDiagnostic: (d) => diagnostics.push(d) });
    expect(diagnostics.map(({ message, at }) => [message, at?.line])).toEqual([
      ['unknown keyword "frobnicate" ignored', 21],
    ]);
  });
});

describe('readN2p2 names file and line of', () => {
  test.each([
    ['a misspelled keyword', withLine('center_symetry_functions'), /input\.nn:19: .*"center_symmetry_functions" meant/],
    ['a repeated keyword', withLine('cutoff_type 2'), /input\.nn:19: .*line 6 too/],
    ['a bad cutoff type', replaced('cutoff_type 1', 'cutoff_type 9'), /input\.nn:6: .*0 to 8/],
    ['a bad inner radius', replaced('cutoff_type 1', 'cutoff_type 1 1.0'), /input\.nn:6: .*alpha/],
    ['a missing keyword', replaced('cutoff_type 1', ''), /input\.nn: expected the keyword "cutoff_type"/],
    [
      'a wrong number of elements',
      replaced('number_of_elements\t2', 'number_of_elements 3'),
      /input\.nn:3: .*3 elements/,
    ],
    ['an unknown element', replaced('elements O H', 'elements O Qq'), /input\.nn:3: .*"Qq"/],
    ['an element twice', replaced('elements O H', 'elements O O'), /input\.nn:3: .*different/],
    ['a function type', withLine('symfunction_short H 5 O 1 2'), /input\.nn:19: .*found 5/],
    ['a neighbor that is no element of the model', withLine('symfunction_short H 2 C 1 0 8'), /input\.nn:19: .*"C"/],
    ['a missing parameter', withLine('symfunction_short H 2 O 1 0'), /input\.nn:19: expected rc, found the end/],
    ['a parameter too many', withLine('symfunction_short H 2 O 1 0 8 9'), /input\.nn:19: expected the end of the line/],
    ['a parameter that is no number', withLine('symfunction_short H 2 O 1 0 8x'), /input\.nn:19: .*"8x"/],
    ['a parameter that is not finite', withLine('symfunction_short H 2 O nan 0 8'), /input\.nn:19: .*eta \(a finite/],
    ['a negative cutoff', withLine('symfunction_short H 2 O 1 0 -8'), /input\.nn:19: expected rc > 0/],
    ['a subtype', withLine('symfunction_short H 20 O 0 8 p5'), /input\.nn:19: expected subtype/],
    ['an angular interval', withLine('symfunction_short H 22 O O 0 8 -30 90 p2'), /input\.nn:19: .*angular interval/],
    ['a negative number of layers', replaced('layers_short 1', 'layers_short -1'), /input\.nn:10: /],
    ['a huge number of nodes', replaced('nodes_short 2', 'nodes_short 1e9'), /input\.nn:11: /],
    ['too few nodes', replaced('layers_short 1', 'layers_short 2'), /input\.nn:11: .*2 hidden layers/],
    ['a bad activation', replaced('t l', 't x'), /input\.nn:12: .*"t x"/],
    [
      'node-wise activations of RuNNer',
      withLine('element_activation_short H 1 2 t'),
      /input\.nn:19: .*activation letters/,
    ],
    ['two kinds of scaling', withLine('scale_symmetry_functions_sigma'), /input\.nn:19: .*found both/],
    ['an empty scaling range', replaced('max_short 1.0', 'max_short 0.0'), /scale_min_short < scale_max_short/],
    ['a flag with a negation', withLine('normalize_nodes false'), /input\.nn:19: .*"false"/],
    ['an atom energy twice', withLine('atom_energy O 1'), /input\.nn:19: .*line 4 too/],
    ['no energy conversion', withLine('conv_energy 0'), /input\.nn:19: .*conv_energy not 0/],
    [
      'a missing row of scaling.data',
      { ...WATER, 'scaling.data': WATER['scaling.data'].replace(/2 2 .*\n/, '') },
      /scaling\.data:4: .*function 2 of element 2/,
    ],
    [
      'a repeated row of scaling.data',
      { ...WATER, 'scaling.data': `${WATER['scaling.data']}1 1 0 1 0 1\n` },
      /scaling\.data:6: .*again/,
    ],
    [
      'a function too many in scaling.data',
      { ...WATER, 'scaling.data': `${WATER['scaling.data']}1 3 0 1 0 1\n` },
      /scaling\.data:6: .*from 1 to 2/,
    ],
    [
      'an element too many in scaling.data',
      { ...WATER, 'scaling.data': `${WATER['scaling.data']}3 1 0 1 0 1\n` },
      /scaling\.data:6: .*from 1 to 2/,
    ],
    [
      'a function constant over the training set',
      { ...WATER, 'scaling.data': WATER['scaling.data'].replace('0.0 4.0', '4.0 4.0') },
      /scaling\.data: .*function 1 of O.*constant/,
    ],
    ['garbage in scaling.data', { ...WATER, 'scaling.data': '1 1 what is this\n' }, /scaling\.data:1: .*"what"/],
    [
      'missing weights',
      { ...WATER, 'weights.008.data': '1\n2\n3\n' },
      /weights\.008\.data:3: expected 9 weights.*found 3/,
    ],
    ['surplus weights', { ...WATER, 'weights.008.data': '1\n'.repeat(10) }, /weights\.008\.data:10: .*found more/],
    ['a weight that is not finite', { ...WATER, 'weights.008.data': '1\nnan\n' }, /weights\.008\.data:2: .*"nan"/],
    [
      'weights of another topology',
      { ...WATER, 'weights.001.data': '1 a\n1 a\n1 b\n' },
      /weights\.001\.data:3: .*weight \(a\)/,
    ],
    ['a binary file', { ...WATER, 'weights.008.data': 'a\0b' }, /weights\.008\.data: byte 1: .*text/],
    ['a broken potential.json', { ...WATER, 'potential.json': '{"schema"' }, /potential\.json: .*JSON/],
  ] as [string, Record<string, string>, RegExp][])('%s', async (_name, files, message) => {
    const failure = await readN2p2(await folderOf(files)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FormatError);
    expect(String(failure)).toMatch(message);
  });

  test('a missing file', async () => {
    await expect(readN2p2(await folderOf({ ...WATER, 'weights.008.data': undefined }))).rejects.toThrow(
      /ENOENT.*weights\.008/,
    );
    await expect(readN2p2(await folderOf({ ...WATER, 'scaling.data': undefined }))).rejects.toThrow(/ENOENT.*scaling/);
  });

  test.each([
    ['nnp_type 4G-HDNNP', /input\.nn:19: .*"4G-HDNNP"/],
    ['nnp_gen 4', /only 2G-HDNNP/],
    ['nn_type_short 2', /nn_type_short 2/],
    ['use_electrostatics', /"use_electrostatics" belongs to a model with charges/],
    ['global_nodes_charge 15 15', /charges/],
  ])('models that are not supported: %s', async (line, message) => {
    const failure = await readN2p2(await folderOf(withLine(line))).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnknownFormatError);
    expect(String(failure)).toMatch(message);
  });
});

describe('readN2p2 on damaged files', () => {
  const names = ['input.nn', 'scaling.data', 'weights.001.data', 'potential.json'];

  test.each(names)('%s cut anywhere gives an error of ours, or a value cut short at the very end', async (name) => {
    const whole = WATER[name];
    const wanted = await readN2p2(await folderOf(WATER));
    for (let at = 0; at < whole.length; at += 5) {
      const result = await readN2p2(await folderOf({ ...WATER, [name]: whole.slice(0, at) })).catch(
        (error: unknown) => error,
      );
      if (result instanceof Error) expect(result).toBeInstanceOf(ProjectError);
      // Only the last line of these files may still be complete without its end.
      else if (name !== 'input.nn')
        expect(JSON.stringify(result).length).toBeGreaterThan(0.98 * JSON.stringify(wanted).length);
    }
  });

  test('with bytes exchanged gives an error of ours or a model, never anything else', async () => {
    const random = seededRandom(3);
    const spite = [...'\n\t -+.eE0919#aAzZ\u00e9', '1e999', '-1', '99999999999'];
    for (let k = 0; k < 300; k++) {
      const name = names[Math.floor(random() * names.length)];
      const text = WATER[name];
      const at = Math.floor(random() * text.length);
      const changed = text.slice(0, at) + spite[Math.floor(random() * spite.length)] + text.slice(at + 1);
      const result = await readN2p2(await folderOf({ ...WATER, [name]: changed })).catch((error: unknown) => error);
      if (result instanceof Error && !(result instanceof ProjectError)) expect(result.message).toMatch(/^ENOENT/);
    }
  });
});
