import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { poscar } from '../../../formats/vasp/poscar.ts';
import { findTemplate, readTemplate } from '../../../src/label/template/description.ts';
import { renderTemplate } from '../../../src/label/template/render.ts';
import { readOne } from '../../formats/vasp/read-text.ts';
import { ROOT } from '../../lanes.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { threeAtoms } from '../fake-program.ts';

const SHIPPED = join(ROOT, 'lammps-scripts', 'inputs', 'labellers');
const RENDERED = join(ROOT, 'test', 'label', 'template', 'rendered');

/** Na between two K in a skewed cell. */
const frame = {
  ...threeAtoms(),
  numbers: Uint8Array.of(19, 11, 19),
  cell: Float64Array.of(8, 0.5, 0, 0, 7, 0.25, -1, 0, 9),
};
const words = new Map([
  [11, { basis: 'B-Na', potential: 'P-Na', pseudo: 'Na.UPF', potcar: 'Na_pv' }],
  [19, { basis: 'B-K', potential: 'P-K', pseudo: 'K.UPF', potcar: 'K_sv' }],
]);

describe('shipped templates', () => {
  test.each(readdirSync(SHIPPED).filter((name) => existsSync(join(SHIPPED, name, 'labeller.yaml'))))(
    '%s renders a structure of two elements as written down (RENDER=1 writes it anew)',
    async (name) => {
      const template = await readTemplate(await findTemplate(name));
      const input = { values: template.values, elements: words };
      for (const [file, text] of template.render) {
        const rendered = renderTemplate(text, frame, input);
        const golden = join(RENDERED, name, file);
        if (process.env['RENDER']) {
          mkdirSync(join(RENDERED, name), { recursive: true });
          writeFileSync(golden, rendered);
        }
        expect(rendered, file).toBe(readFileSync(golden, 'utf8'));
      }
    },
  );

  test('the POSCAR for VASP keeps the order of the atoms in blocks and reads back as the same structure', async () => {
    const template = await readTemplate(await findTemplate('vasp'));
    const text = renderTemplate(template.render.get('POSCAR') ?? '', frame, { values: {}, elements: words });
    const read = await readOne(poscar, text);
    expect([...read.numbers]).toEqual([19, 11, 19]);
    expect([...(read.cell ?? [])]).toEqual([...frame.cell]);
    expect([...read.positions]).toEqual([...frame.positions]);
    const species = renderTemplate(template.render.get('species.txt') ?? '', frame, { values: {}, elements: words });
    expect(species).toBe('K_sv\nNa_pv\nK_sv\n');
  });
});

describe('a template', () => {
  const input = { values: { cutoff: 300, text: 'a b' }, elements: new Map([[19, { basis: 'X' }]]) };

  test('repeats lines for atoms and for species, with fractions of the cell', () => {
    const cubic = threeAtoms();
    const text =
      '{{#atoms}}\n{{index}} {{kind}} {{symbol}} {{u}}\n{{/atoms}}\n{{natoms}} {{counts}} {{text}} {{ cutoff }}';
    expect(renderTemplate(text, cubic, input)).toBe(
      '1 1 K 0.062500000000\n2 1 K 0.375000000000\n3 2 Na 0.125000000000\n3 2 1 a b 300',
    );
  });

  test('that asks for what nobody said is refused with the place to say it', () => {
    expect(() => renderTemplate('{{nothing}}', threeAtoms(), input)).toThrow(/\{\{nothing\}\}.*"values"/);
    expect(() => renderTemplate('{{#species}}\n{{basis}}\n{{/species}}\n', threeAtoms(), input)).toThrow(
      /of Na.*"elements: Na:"/,
    );
  });

  const yaml = (text: string) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'labeller.yaml'), text);
    return readTemplate(folder);
  };
  const GOOD = 'name: x\ncommand: [prog]\noutput: {file: out, format: extxyz}\n';

  test.each([
    ['an unknown key', `${GOOD}timeuot: 3\n`, /labeller\.yaml:4.*timeuot/],
    ['a command that is no list of words', GOOD.replace('[prog]', 'prog -x; rm'), /labeller\.yaml:2.*list/],
    ['no output', 'name: x\ncommand: [prog]\n', /output/],
    ['an unknown format', GOOD.replace('extxyz', 'nonsense'), /labeller\.yaml:3.*format/],
    ['a file outside of its folder', `${GOOD}render: [../secret]\n`, /labeller\.yaml:4.*without folders/],
    ['a file that is not there', `${GOOD}render: [frame.inp]\n`, /labeller\.yaml:4.*a file of/],
    ['a timeout of zero', `${GOOD}timeout: 0\n`, /labeller\.yaml:4.*timeout/],
    ['an element that is none', `${GOOD}elements: {Kx: {a: 1}}\n`, /labeller\.yaml:4.*element/],
    ['an option of sbatch that is two words', `${GOOD}slurm: {options: ["-p short"]}\n`, /one word/],
  ])('with %s is refused with its line', async (_, text, message) => {
    await expect(yaml(text)).rejects.toThrow(message);
  });

  test('that is neither a folder nor shipped is refused with the names of those that are', async () => {
    await expect(findTemplate('no-such')).rejects.toThrow(/cp2k, .*gpaw, .*quantum-espresso, vasp/);
  });
});
