// The shipped potential against the shipped DFT frames, then a short run of molecular dynamics: in LAMMPS where `lmp` is installed, with
// the built-in engine where it is not. Results: examples/potassium/output/. The learning loop itself is `nnp-bridge learn learn.yaml`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, 'output');
const main = join(here, '..', '..', 'dist', 'src', 'cli', 'main.js');

/** One nnp-bridge command as typed in output/; ends with its exit code if it fails. */
function bridge(title, line) {
  process.stdout.write(`\n== ${title}\n$ nnp-bridge ${line}\n`);
  const done = spawnSync(process.execPath, [main, ...line.split(' ')], { cwd: output, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
bridge(
  'Errors against frames that no committee of the loop has learned from',
  'evaluate --potential ../potential --dataset ../test.extxyz.gz --report errors.html',
);
const lammps = spawnSync('lmp', ['-h'], { stdio: 'ignore' });
if (!lammps.error && lammps.status === 0) {
  copyFileSync(join(here, 'in.potassium'), join(output, 'in.potassium'));
  bridge(
    '100 steps NVT and 100 steps NVE in LAMMPS',
    'lammps run in.potassium --potential ../potential --in-process -- -var nvt 100 -var nve 100',
  );
  bridge(
    'The run against the potential evaluated directly',
    'verify potassium.dump --log log.lammps --potential ../potential',
  );
} else {
  bridge('A frame to start from', 'convert ../test.extxyz.gz -o start.extxyz --slice :1');
  bridge(
    '200 steps NVE with the built-in engine',
    'md start.extxyz --potential ../potential --steps 200 --timestep 0.002 --every 20 --log log.lammps --dump potassium.dump',
  );
}
bridge('Plots', 'report log.lammps -o report.html');
process.stdout.write(`\nDone: look at ${join(output, 'errors.html')} and ${join(output, 'report.html')}\n`);
