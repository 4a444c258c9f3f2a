import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './lanes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const USER = `import { type Frame, openFrames } from 'nnp-bridge';
import { FORMATS } from 'nnp-bridge/formats';
import { loadPotential, type Potential } from 'nnp-bridge/potentials';
const potential: Potential = await loadPotential(process.argv[2]);
const { frames } = await openFrames(undefined, { path: 'si.extxyz', strict: true, onDiagnostic: console.error });
let first: Frame | undefined;
for await (const frame of frames) first ??= frame;
process.stdout.write(JSON.stringify([FORMATS.length > 10, potential.species, first?.natoms]));
`;

test('the packed package, installed into an empty folder, has the command and typed imports', () => {
  const folder = temporaryFolder();
  const app = join(folder, 'app');
  mkdirSync(app);
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, { cwd: app, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 });
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, stdio: 'ignore' });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(app, 'package.json'), '{"name": "app", "type": "module", "private": true}');
  writeFileSync(join(app, 'user.ts'), USER);
  run('npm', 'install', '--no-audit', '--no-fund', join(folder, tarball));
  const installed = join(app, 'node_modules/nnp-bridge');
  expect(run('npx', '--no-install', 'nnp-bridge', 'formats')).toContain('vasp-outcar');
  run(process.execPath, join(installed, 'examples/silicon/make-structure.mjs'), 'si.extxyz');
  const potential = join(installed, 'examples/silicon/potential');
  expect(
    run('npx', '--no-install', 'nnp-bridge', 'evaluate', '--potential', potential, '--structure', 'si.extxyz'),
  ).toContain('216');
  const types = join(ROOT, 'node_modules/@types');
  run(
    process.execPath,
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...['--strict', '--module', 'nodenext', '--target', 'es2023'],
    ...['--typeRoots', types, '--types', 'node', 'user.ts'],
  );
  expect(JSON.parse(run(process.execPath, 'user.js', potential))).toEqual([true, [14], 216]);
}, 300_000);
