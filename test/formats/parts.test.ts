import { describe, expect, test } from 'vitest';
import { XYZ_PARTS } from '../../formats/extxyz/parts.ts';
import { DUMP_PARTS } from '../../formats/lammps/dump-parts.ts';

describe('the first frame behind a place in a file', () => {
  const at = (text: string, from: number) => DUMP_PARTS.findFrame(Buffer.from(text), from);
  test('of a dump is its first item, not one in the middle of a head', () => {
    const step = 'ITEM: TIME\n0.5\nITEM: TIMESTEP\n1\nITEM: NUMBER OF ATOMS\n1\nITEM: ATOMS id\n1\n';
    const text = `x\nITEM: UNITS\nmetal\n${step}${step}`;
    const second = text.lastIndexOf('ITEM: TIME\n');
    expect(at(text, 2)).toBe(2);
    expect(at(text, text.indexOf('ITEM: TIMESTEP'))).toBe(second);
    expect(at(text, second + 11)).toBe(-1);
    expect(DUMP_PARTS.preamble?.(Buffer.from('ITEM: UNITS\nmetal\nITEM: TIME')).length).toBe(18);
    expect(DUMP_PARTS.preamble?.(Buffer.from('ITEM: TIMESTEP\n0\n')).length).toBe(0);
  });
  test('of an extxyz file is a line of digits with a comment behind it', () => {
    const text = 'Si 1 2 3\n 12 \nenergy=1\nSi 0 0 0\n';
    expect(XYZ_PARTS.findFrame(Buffer.from(text), 0)).toBe(9);
    expect(XYZ_PARTS.findFrame(Buffer.from(text), 14)).toBe(-1);
    expect(XYZ_PARTS.findFrame(Buffer.from('5\n5\n'), 0)).toBe(-1);
  });
});
