import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/train/config.ts';
import { symmetryFunctionsOf } from '../../src/train/symmetry-set.ts';

const GOOD = `cutoff_function: {type: 2}
symmetry_functions:
  - type: 2
    eta: [1, 4]
    rs: [0, 2]
    rc: 6
  - symfunction_short Si 3 Si O 0.1 -1 4 6
network: {hidden: [20, 10], activation: [tanh, softplus]}
`;

const parse = (text: string) => parseConfig(text, 'train.yaml');

describe('training configuration', () => {
  test('fills in documented defaults', () => {
    expect(parse(GOOD)).toMatchObject({
      validation: 0.1,
      memoryGB: 2,
      cutoffType: 2,
      cutoffAlpha: 0,
      hidden: { sizes: [20, 10], activations: ['t', 'p'] },
      energyWeight: 10,
      forceWeight: 1,
      optimiser: {
        name: 'ekf',
        forceRows: 15,
        forceChoice: 'random',
        virialRows: 3,
        streams: 1,
        lambda: 0.98,
        nu: 0.9987,
        covariance: 100,
        processNoise: 0,
      },
      epochs: 50,
    });
  });

  test('takes an optimiser by its name alone, with the defaults of each', () => {
    const optimiser = (name: string) => parse(`${GOOD}optimiser: ${name}\n`).optimiser;
    expect(optimiser('ekf')).toEqual(parse(GOOD).optimiser);
    expect(optimiser('lm')).toEqual({ name: 'lm', forceFraction: 0.25, damping: 1 });
    expect(optimiser('lbfgs')).toEqual({ name: 'lbfgs', memory: 20 });
    expect(optimiser('{name: adam, learning_rate: 0.1, schedule: cosine}')).toEqual({
      ...{ name: 'adam', batch: 8, learningRate: 0.1, schedule: 'cosine' },
      learningRateEnd: expect.closeTo(0.001, 12),
    });
  });

  test('expands grids over elements and takes n2p2 lines, sorted and without repetition', () => {
    const { symmetryFunctions } = parse(GOOD.replace('rs: [0, 2]', 'rs: [2, 0, 2]'));
    const [oxygen, silicon] = symmetryFunctionsOf(symmetryFunctions, [8, 14]);
    expect(oxygen).toHaveLength(8);
    expect(silicon).toHaveLength(9);
    expect(silicon.slice(0, 3)).toEqual([
      { type: 2, e1: 8, eta: 1, rs: 0, rc: 6 },
      { type: 2, e1: 14, eta: 1, rs: 0, rc: 6 },
      { type: 2, e1: 8, eta: 1, rs: 2, rc: 6 },
    ]);
    expect(silicon[8]).toEqual({ type: 3, e1: 8, e2: 14, eta: 0.1, lambda: -1, zeta: 4, rs: 0, rc: 6 });
  });

  test('expands pairs of neighbor elements once, in any order', () => {
    const angular = '- {type: 9, eta: 0, lambda: 1, zeta: 2, rc: 5, center: Si, neighbors: [[Si, O], [O, O]]}';
    const { symmetryFunctions } = parse(GOOD.replace('- symfunction', `${angular}\n  - symfunction`));
    const pairs = symmetryFunctionsOf(symmetryFunctions, [8, 14])[1].flatMap((f) =>
      f.type === 9 ? [[f.e1, f.e2]] : [],
    );
    expect(pairs).toEqual([
      [8, 8],
      [8, 14],
    ]);
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['an unknown key', GOOD.replace('eta:', 'etta:'), /^train\.yaml:4: symmetry_functions\[0\]\.etta: unknown key/],
    ['a missing key', GOOD.replace('    rc: 6\n', ''), /^train\.yaml:3: expected the key symmetry_functions\[0\]\.rc/],
    ['a word for a number', GOOD.replace('rc: 6', 'rc: six'), /^train\.yaml:6: .*rc: expected a number.*"six"/],
    ['a number out of range', `${GOOD}epochs: 0\n`, /^train\.yaml:9: epochs: expected an integer.*found 0/],
    ['a fraction for an integer', `${GOOD}epochs: 1.5\n`, /^train\.yaml:9: epochs: expected an integer/],
    ['a cutoff function with a jump', GOOD.replace('{type: 2}', '{type: 0}'), /^train\.yaml:1: cutoff_function\.type/],
    ['no section', 'epochs: 3\n', /^train\.yaml:1: expected the key cutoff_function/],
    [
      'no functions',
      GOOD.replace(/symmetry_functions:[\s\S]*network/, 'symmetry_functions: []\nnetwork'),
      /:2: .*at least one/,
    ],
    [
      'a parameter of another type',
      GOOD.replace('    rc: 6', '    zeta: 1\n    rc: 6'),
      /^train\.yaml:6: .*no zeta for/,
    ],
    ['an unknown activation', GOOD.replace('softplus', 'swish'), /^train\.yaml:8: .*expected one of linear, tanh/],
    ['too many activations', GOOD.replace('[20, 10]', '[20]'), /^train\.yaml:8: .*one activation, or one for each/],
    ['an option of another optimiser', `${GOOD}optimiser: {name: adam, lambda: 0.9}\n`, /:9: .*no lambda for .* adam/],
    ['an unknown optimiser', `${GOOD}optimiser: sgd\n`, /:9: optimiser: expected one of ekf, lm, lbfgs, adam/],
    ['too many rows', `${GOOD}optimiser: {name: ekf, streams: 90}\n`, /:9: optimiser: expected at most 1024 rows/],
    ['a repeated key', `${GOOD}epochs: 3\nepochs: 4\n`, /^train\.yaml:\d+: .*unique/i],
    ['broken YAML', `${GOOD}x: [1\n`, /^train\.yaml:\d+: /],
    ['an unknown split', `${GOOD}split: clever\n`, /:9: split: expected one of random, group, trajectory/],
    ['a reference energy of no element', `${GOOD}reference_energies: {Xx: 1}\n`, /:9: .*element symbol/],
    ['a negative group weight', `${GOOD}group_weights: {melt: -1}\n`, /:9: group_weights\.melt: expected a number/],
    ['an empty file', '', /^train\.yaml:1: .*expected a table/],
    ['a list', '- 1\n', /^train\.yaml:1: .*expected a table/],
  ];
  for (const [what, text, message] of bad)
    test(`refuses ${what} with its line`, () => {
      expect(() => parse(text)).toThrow(message);
    });

  test('refuses a broken n2p2 line with its line in the configuration', () => {
    const { symmetryFunctions } = parse(GOOD.replace(' 0.1 -1 4 6', ' 0.1 -1 4'));
    expect(() => symmetryFunctionsOf(symmetryFunctions, [8, 14])).toThrow(/^train\.yaml:7: expected rc/);
  });
});
