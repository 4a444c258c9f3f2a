import { expect, test } from 'vitest';
import { parseLearnConfig } from '../../src/learn/learn-config.ts';
import { SMALL_LOOP } from './small-loop.ts';

const parse = (text: string) => parseLearnConfig(text, 'loop/learn.yaml');

test('a configuration is read with its defaults, paths stand beside the file', () => {
  const config = parse(SMALL_LOOP);
  expect(config).toMatchObject({
    seed: 3,
    cores: 2,
    rounds: 2,
    converged: 0,
    train: { config: 'loop/train.yaml', committee: 2, test: 0.2 },
    select: { lo: 0.02, hi: 0.6, perRound: 6, perRun: 4 },
  });
  expect(config.structures[0]).toMatchObject({
    name: 'crystal',
    count: 8,
    variation: { strain: 0.03, shear: 0.02, rattle: [0.02, 0.15] },
    source: { kind: 'crystal', element: 14, lattice: 'diamond', orientation: '100', vacancies: 0, vacuum: 0 },
  });
  expect(config.explore.runs[0]).toMatchObject({
    name: 'crystal',
    temperatures: [300, 900],
    pressures: [0],
    copies: 1,
    rounds: [1, Infinity],
    ensemble: 'nvt',
  });
});

test.each([
  ['an unknown key', 'seed: 3', 'sead: 3', /loop\/learn\.yaml:1: sead: unknown key.*\[learn config\]/],
  [
    'levels in the wrong order',
    'hi: 0.6',
    'hi: 0.01',
    /learn\.yaml:\d+: select\.hi: expected a level above lo \(0\.02/,
  ],
  [
    'a start that is no structure',
    'start: crystal',
    'start: slab',
    /explore\.runs\[0\]\.start: expected one of crystal/,
  ],
  ['an element that does not exist', 'element: Si', 'element: Xx', /element: expected an element symbol, found "Xx"/],
  ['a lattice that is not known', 'lattice: diamond', 'lattice: hcp', /lattice: expected one of sc, bcc, fcc, diamond/],
  ['a plane that is not known', 'count: 8', 'count: 8, orientation: 211', /orientation: expected one of 100, 110, 111/],
  ['a wire without vacuum', 'count: 8', 'count: 8, diameter: 9', /diameter: expected a vacuum above 0/],
  ['a crystal beside a file', 'element: Si', 'file: a.xyz, element: Si', /element: expected no element beside a file/],
  ['a range of displacements upside down', '[0.02, 0.15]', '[0.2, 0.1]', /rattle: expected \[smallest, largest\] in Å/],
  ['too few structures', 'count: 8', 'count: 3', /at least 4 structures of round 0 \(they make 3\)/],
  ['no labeller', 'labeller: {potential: [si]}', '', /expected the key labeller/],
  ['steps that are no number', 'steps: 60', 'steps: many', /steps: expected an integer from 1 to/],
  ['fewer than two members', 'committee: 2', 'committee: 1', /train\.committee: expected an integer from 2 to 64/],
  ['a name that is no folder', 'name: crystal', 'name: ../crystal', /expected a name of letters, digits/],
  [
    'constant pressure without LAMMPS',
    'ensemble: nvt',
    'ensemble: npt',
    /ensemble: expected one of nve, nvt, found "npt"/,
  ],
  ['an input script without LAMMPS', 'ensemble: nvt', 'input: in.lmp', /input: expected engine: lammps/],
])('%s is refused with its line', (_, good, bad, message) => {
  expect(SMALL_LOOP).toContain(good);
  expect(() => parse(SMALL_LOOP.replace(good, bad))).toThrow(message);
});

test('rounds of a run are a number or a range', () => {
  const rounds = (text: string) =>
    parse(SMALL_LOOP.replace('every: 10', `every: 10, rounds: ${text}`)).explore.runs[0].rounds;
  expect(rounds('2')).toEqual([2, 2]);
  expect(rounds('[2, 5]')).toEqual([2, 5]);
  expect(() => rounds('[5, 2]')).toThrow(/expected a round, or \[first, last\]/);
});
