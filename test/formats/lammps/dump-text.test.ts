import { describe, expect, test } from 'vitest';
import { lammpsDump } from '../../../formats/lammps/dump-text.ts';
import { readAll } from './reading.ts';

const HEAD = 'ITEM: TIMESTEP\n7\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp ff fs\n';
const BOX = '-1 4\n0 5\n2 8\n';
const dump = (columns: string, ...rows: string[]) => `${HEAD}${BOX}ITEM: ATOMS ${columns}\n${rows.join('\n')}\n`;
const read = (text: string, extra = {}) => readAll(lammpsDump, text, extra);

describe('text dump', () => {
  test('an orthogonal step gives cell, origin, boundary, ids, types, positions and forces in file order', async () => {
    const { frames, diagnostics, error } = await read(
      dump(
        'id type x y z vx vy vz fx fy fz q mass c_pe',
        '2 1 0 1 3 1 2 3 -1 0 1 0.5 28 -4.5',
        '1 2 1 2 4 0 0 1 0 0 0 -0.5 16 7',
      ),
    );
    expect(error).toBeUndefined();
    const [frame] = frames;
    expect([...(frame.cell ?? [])]).toEqual([5, 0, 0, 0, 5, 0, 0, 0, 6]);
    expect(frame.pbc).toEqual([true, false, false]);
    expect(frame.info).toEqual({ timestep: 7, origin: [-1, 0, 2], boundary: ['pp', 'ff', 'fs'] });
    expect(frame.arrays).toEqual({
      id: { columns: 1, data: Int32Array.of(2, 1) },
      type: { columns: 1, data: Int32Array.of(1, 2) },
      c_pe: { columns: 1, data: Float64Array.of(-4.5, 7) },
    });
    expect([...frame.positions]).toEqual([0, 1, 3, 1, 2, 4]);
    expect([...(frame.velocities ?? [])]).toEqual([1, 2, 3, 0, 0, 1]);
    expect([...(frame.labels?.forces ?? [])]).toEqual([-1, 0, 1, 0, 0, 0]);
    expect([...(frame.charges ?? [])]).toEqual([0.5, -0.5]);
    expect([...(frame.masses ?? [])]).toEqual([28, 16]);
    expect(diagnostics.map((d) => d.code)).toEqual(['assumed-units']);
  });

  test('bounds of a tilted box are bounds of the whole box, and scaled positions start at its corner', async () => {
    // xlo -1, xhi 4, ylo 0.5, yhi 4.5, zlo 0, zhi 6 with xy 1, xz -2, yz 0.25: computed by hand
    const bounds = '-3 5 1\n0.5 4.75 -2\n0 6 0.25\n';
    const { frames } = await read(
      `${HEAD.replace('BOUNDS', 'BOUNDS xy xz yz')}${bounds}ITEM: ATOMS id xs ys zs\n1 0 0 0\n2 0.5 0.25 0.75\n`,
    );
    expect([...(frames[0].cell ?? [])]).toEqual([5, 0, 0, 1, 4, 0, -2, 0.25, 6]);
    expect(frames[0].info['origin']).toEqual([-1, 0.5, 0]);
    expect([...frames[0].positions]).toEqual([-1, 0.5, 0, -1 + 2.5 + 0.25 - 1.5, 0.5 + 1 + 0.1875, 4.5]);
    expect(frames[0].info['position_columns']).toEqual(['xs', 'ys', 'zs']);
  });

  test('a general box keeps its vectors and origin', async () => {
    const rows = '4 0.5 0.25 -1.5\n-1 5 0.3 2\n0.7 0.2 6 0.125\n';
    const { frames } = await read(
      `${HEAD.replace('BOUNDS', 'BOUNDS abc origin')}${rows}ITEM: ATOMS x y z\n1 2 3\n4 5 6\n`,
    );
    expect([...(frames[0].cell ?? [])]).toEqual([4, 0.5, 0.25, -1, 5, 0.3, 0.7, 0.2, 6]);
    expect(frames[0].info['origin']).toEqual([-1.5, 2, 0.125]);
  });

  test('of several sets of positions x comes first, then xu, xs, xsu; the others stay columns', async () => {
    const columns = 'xsu ysu zsu xs ys zs xu yu zu x y z'.split(' ');
    for (const [drop, first] of [
      [0, 'x'],
      [3, 'xu'],
      [6, 'xs'],
      [9, 'xsu'],
    ] as const) {
      const names = columns.slice(0, columns.length - drop);
      const row = names.map((_, k) => k).join(' ');
      const { frames } = await read(dump(names.join(' '), row, row));
      expect(frames[0].info['position_columns'] ?? ['x', 'y', 'z']).toEqual(names.slice(-3));
      expect(names.at(-3)).toBe(first);
      expect(Object.keys(frames[0].arrays)).toEqual(names.slice(0, -3));
    }
  });

  test('image flags are kept and never applied', async () => {
    const { frames } = await read(dump('x y z ix iy iz', '1 1 3 2 0 -1', '1 1 3 0 0 0'));
    expect([...frames[0].positions.subarray(0, 3)]).toEqual([1, 1, 3]);
    expect(frames[0].arrays['ix'].data).toEqual(Int32Array.of(2, 0));
  });

  test('real units become Å, eV and ps; with asRead they stay', async () => {
    const text = `ITEM: UNITS\nreal\nITEM: TIME\n250\n${dump('x y z vx vy vz fx fy fz', '1 1 3 1 0 0 23.060547830619026 0 0', '0 0 2 0 0 0 0 0 0')}`;
    const [frame] = (await read(text)).frames;
    expect(frame.velocities?.[0]).toBeCloseTo(1000, 9);
    expect(frame.labels?.forces?.[0]).toBeCloseTo(1, 9);
    expect(frame.info).toMatchObject({ time: 0.25, units: 'metal' });
    const [raw] = (await read(text, { asRead: true })).frames;
    expect([raw.velocities?.[0], raw.labels?.forces?.[0], raw.info['time'], raw.info['units']]).toEqual([
      1,
      23.060547830619026,
      250,
      'real',
    ]);
  });

  test('lj units cannot be converted: the numbers stay and it is said', async () => {
    const { frames, diagnostics } = await read(dump('x y z vx vy vz', '1 1 3 1 0 0', '0 0 2 0 0 0'), {
      lammpsUnits: 'lj',
    });
    expect(frames[0].velocities?.[0]).toBe(1);
    expect(diagnostics.map((d) => d.code)).toEqual(['lj-units']);
  });

  test('elements come from the element column, or from a type map, or are unknown', async () => {
    const text = dump('id type element x y z', '1 1 Na 0 0 2', '2 2 Cl1 1 1 3');
    const { frames } = await read(text);
    expect([...frames[0].numbers]).toEqual([11, 0]);
    expect(frames[0].arrays['species'].data).toEqual(['Na', 'Cl1']);
    const mapped = await read(text, { typeMap: ['Si', 'O'] });
    expect([...mapped.frames[0].numbers]).toEqual([14, 8]);
    const short = await read(text, { typeMap: ['Si'] });
    expect(short.error?.message).toMatch(/^test-file:11: .*type map \(1 to 1\), found 2/);
    expect([...(await read(dump('type x y z', '1 0 0 2', '3 0 0 2'))).frames[0].numbers]).toEqual([0, 0]);
  });

  test('type labels are kept as words', async () => {
    const { frames } = await read(dump('id type x y z', '1 Ow 0 0 2', '2 Hw 0 0 2'));
    expect(frames[0].arrays['type'].data).toEqual(['Ow', 'Hw']);
  });

  test('ids beyond 2^53 are exact', async () => {
    const { frames } = await read(dump('id x y z', '9007199254740993 0 0 2', '9223372036854775807 0 0 2'));
    expect(frames[0].arrays['id'].data).toEqual(BigInt64Array.of(9007199254740993n, 9223372036854775807n));
    const beyond = await read(dump('id x y z', '1 0 0 2', '9223372036854775808 0 0 2'));
    expect(beyond.error?.message).toMatch(/^test-file:11: .*64 bits/);
  });

  test('nan and inf are numbers, and are reported once with their line', async () => {
    const { frames, diagnostics } = await read(dump('x y z c_1', '0 0 2 1', '1 1 3 -nan'), { lammpsUnits: 'metal' });
    expect(frames[0].arrays['c_1'].data).toEqual(Float64Array.of(1, Number.NaN));
    expect(diagnostics).toMatchObject([{ code: 'non-finite', at: { line: 11 } }]);
  });

  test('a step without rows is reported and the next one delivered', async () => {
    const { frames, diagnostics } = await read(`ITEM: TIMESTEP\n0\n${dump('x y z', '0 0 2', '0 0 2')}`, {
      lammpsUnits: 'metal',
    });
    expect(frames.map((f) => f.info['timestep'])).toEqual([7]);
    expect(diagnostics).toMatchObject([{ code: 'step-without-rows', at: { line: 3 } }]);
  });

  test('columns without names must be given, except to look at the file', async () => {
    const text = dump('', '1 1 0.1 0.2 0.3', '2 1 0.4 0.5 0.6').replace('ATOMS \n', 'ATOMS\n');
    expect((await read(text)).error?.message).toMatch(/^test-file:9: .*give the names/);
    const named = await read(text, { columns: ['id', 'type', 'x', 'y', 'z'] });
    expect([...named.frames[0].positions]).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    const shown = await read(text, { asRead: true });
    expect(shown.diagnostics.map((d) => d.code)).toContain('unnamed-columns');
    expect(shown.frames[0].positions.every(Number.isNaN)).toBe(true);
  });

  test('the unit style holds for later steps, and atoms and columns may change from step to step', async () => {
    const second =
      'ITEM: TIMESTEP\n7\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS id x y z fx fy fz\n1 0 0 0 1 1 1\n';
    const { frames } = await read(`ITEM: UNITS\nmetal\n${dump('x y z', '0 0 2', '0 0 2')}${second}`);
    expect(frames.map((f) => [f.natoms, f.info['units'], f.labels !== undefined])).toEqual([
      [2, 'metal', false],
      [1, 'metal', true],
    ]);
  });

  test.each([
    ['a row with a value too few', dump('id x y z', '1 0 0 2', '2 0 0'), 11, 'expected 4 values'],
    ['a row with a value too many', dump('id x y z', '1 0 0 2', '2 0 0 2 9'), 11, 'expected 4 values'],
    ['a word where a number belongs', dump('id x y z', '1 0 0 2', '2 0 1.2.3 2'), 11, '"1.2.3"'],
    ['a hexadecimal number', dump('id x y z', '1 0 0 2', '2 0 0x10 2'), 11, '"0x10"'],
    ['a header in place of a row', `${HEAD}${BOX}ITEM: ATOMS x y z\n0 0 2\n${HEAD}`, 11, '"ITEM:"'],
    ['a row more than announced', dump('x y z', '0 0 2', '0 0 2', '0 0 3'), 12, 'after 2 atoms'],
    ['no position columns', dump('id vx vy vz', '1 0 0 0', '2 0 0 0'), 9, 'position columns'],
    ['a mixture of sets', dump('x y zu', '0 0 0', '0 0 0'), 9, 'position columns'],
    ['a negative count', 'ITEM: TIMESTEP\n1\nITEM: NUMBER OF ATOMS\n-5\n', 4, '0 or more'],
    ['a box whose lo is above hi', `${HEAD}4 -1\n0 5\n2 8\nITEM: ATOMS x y z\n`, 6, 'lo <= hi'],
    ['a box that is not a number', `${HEAD}-1 4\n0 nan\n2 8\n`, 7, 'finite'],
    ['an unknown unit style', 'ITEM: UNITS\nimperial\nITEM: TIMESTEP\n1\n', 2, 'unit style'],
  ])('%s is refused at its line', async (_, text, line, message) => {
    const { frames, error } = await read(text);
    expect(frames).toEqual([]);
    expect(error?.message).toContain(`test-file:${line}: (frame 0)`);
    expect(error?.message).toContain(message);
  });

  test('a huge count costs no memory before its rows come', async () => {
    const text = dump('x y z', '0 0 2', '0 0 2').replace('\n2\n', '\n900719925474099\n');
    const { error } = await read(text);
    expect(error?.message).toMatch(/expected atom 3 of 900719925474099, found the end of the file/);
  });

  test('an id that stands twice is reported with its line', async () => {
    const { diagnostics } = await read(dump('id x y z', '5 0 0 2', '5 0 0 2'), { lammpsUnits: 'metal' });
    expect(diagnostics).toMatchObject([{ code: 'repeated-id', at: { line: 11 } }]);
  });

  test('element C for different types is reported, as LAMMPS writes it by default', async () => {
    const { diagnostics } = await read(dump('type element x y z', '1 C 0 0 2', '2 C 0 0 2'), { lammpsUnits: 'metal' });
    expect(diagnostics.map((d) => d.code)).toEqual(['default-elements']);
  });

  test('sniff tells a dump from a dump local and from other text', () => {
    const sniff = (text: string) => lammpsDump.sniff(Buffer.from(text));
    expect(sniff(dump('x y z', '0 0 2'))).toBe(1);
    expect(sniff(dump('x y z').replace('NUMBER OF ATOMS', 'NUMBER OF ENTRIES'))).toBe(0);
    expect(sniff('2\nLattice="1 0 0 0 1 0 0 0 1"\n')).toBe(0);
  });
});
