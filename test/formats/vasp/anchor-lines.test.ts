import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnchorLines } from '../../../formats/vasp/anchor-lines.ts';
import { ANCHOR, anchorOf } from '../../../formats/vasp/outcar-anchors.ts';
import { TextScanner } from '../../../src/scan/text-scanner.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let k = 0; k < bytes.length; k += size) yield bytes.slice(k, k + size);
}

/** Place, text and kind of each anchor, line by line. */
async function plain(text: string) {
  const scanner = new TextScanner(chunks(Buffer.from(text), 1000), 'f', 'test');
  const found: [number, string, number][] = [];
  while (await scanner.line()) {
    const anchor = anchorOf(scanner.bytes, scanner.start, scanner.end);
    if (anchor !== ANCHOR.none) found.push([scanner.lineNumber, scanner.text(), anchor]);
  }
  return { found, lines: scanner.lineNumber };
}

/** The same, by AnchorLines; every third line that is no anchor is put back once. */
async function skipping(text: string, size: number) {
  const scanner = new TextScanner(chunks(Buffer.from(text), size), 'f', 'test');
  const lines = new AnchorLines(scanner);
  const found: [number, string, number][] = [];
  let again = -1;
  while (lines.tryNext() || (await scanner.fill())) {
    const anchor = anchorOf(scanner.bytes, scanner.start, scanner.end);
    if (anchor !== ANCHOR.none) found.push([scanner.lineNumber, scanner.text(), anchor]);
    else if (scanner.lineNumber % 3 === 0 && again !== scanner.lineNumber) {
      again = scanner.lineNumber;
      scanner.unread();
    }
  }
  return { found, lines: scanner.lineNumber };
}

const LINES = [
  '-'.repeat(104),
  ` ${'-'.repeat(83)}`,
  `${'-'.repeat(39)} Iteration      1(   2)  ${'-'.repeat(39)}`,
  `${'-'.repeat(24)} aborting loop because EDIFF is reached ${'-'.repeat(40)}`,
  '      direct lattice vectors                 reciprocal lattice vectors',
  '  energy  without entropy=     -10.23  energy(sigma->0) =      -10.23',
  '  energy without entropy =      -10.23  energy(sigma->0) =      -10.23',
  '  free  energy   TOTEN  =       -10.23 eV',
  '  free energy    TOTEN  =       -10.23 eV',
  '  free  energy ML TOTEN  =       -10.23 eV',
  '  ML energy  without entropy=  -10.23  ML energy(sigma->0) =  -10.23',
  '  in kB       1.0 2.0 3.0 4.0 5.0 6.0',
  '   ions per type =   1   2',
  '   number of dos      NEDOS =    301   number of ions     NIONS =      6',
  ' number of electron      32.0000000 magnetization',
  ' position of ions in cartesian coordinates  (Angst):',
  ' vasp.6.3.0 complex',
  '  FORCE on cell =-STRESS in cart. coord.  units (eV):',
  '  ML FORCE on cell =-STRESS',
  ' POTCAR:    PAW_PBE Si 05Jan2001',
  '   TITEL  = PAW_PBE Si 05Jan2001',
  ' POSITION                                       TOTAL-FORCE (eV/Angst)',
  ' General timing and accounting informations for this job:',
  '  1   -5.1  2.0',
  '',
  '   ',
  ' '.repeat(70),
  '-',
  'ene',
  'in',
];

test('AnchorLines finds the anchors that a look at every line finds, at the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.constantFrom(...LINES), fc.stringMatching(/^[ a-zA-Z.-]{0,90}$/)), { maxLength: 120 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.integer({ min: 1, max: 3000 }),
      async (lines, lineBreak, final, size) => {
        const text = lines.join(lineBreak) + (final ? lineBreak : '');
        expect(await skipping(text, size)).toEqual(await plain(text));
      },
    ),
  );
});

test('AnchorLines goes on behind a block that it lists at once, also when a line does not fit one', async () => {
  const block = `${LINES.join('\n')}\n`;
  const text = `${block.repeat(300)}${'x'.repeat(300_000)}\n${block}`;
  for (const size of [1 << 20, 70_001]) expect(await skipping(text, size)).toEqual(await plain(text));
});
