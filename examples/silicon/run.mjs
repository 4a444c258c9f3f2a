// The main job once, with the commands a user would type: a structure by script → converted → evaluated → molecular dynamics in LAMMPS with
// the potential served over a socket → the dump read back and compared with the potential → one HTML page of plots.
// Where `lmp` is missing the built-in velocity Verlet engine takes its place. Results: examples/silicon/output/.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, 'output');
const main = join(here, '..', '..', 'dist', 'src', 'cli', 'main.js');

/** Runs one command in output/, shows it, ends with its exit code if it fails. */
function step(title, shown, command, words) {
  process.stdout.write(`\n== ${title}\n$ ${shown}\n`);
  const done = spawnSync(command, words, { cwd: output, stdio: 'inherit' });
  if (done.error) process.stderr.write(`${command}: ${done.error.message}\n`);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** One nnp-bridge command as typed in output/. */
const bridge = (title, line) => step(title, `nnp-bridge ${line}`, process.execPath, [main, ...line.split(' ')]);

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const script = join(here, 'make-structure.mjs');
step('A silicon crystal of 216 atoms', 'node make-structure.mjs silicon.extxyz', process.execPath, [
  script,
  'silicon.extxyz',
]);
bridge('Converted to a LAMMPS data file', 'convert silicon.extxyz -o silicon.data -f lammps-data --type-map Si');
bridge('Evaluated by the potential', 'evaluate --potential ../potential --structure silicon.extxyz');

const lammps = spawnSync('lmp', ['-h'], { stdio: 'ignore' });
if (!lammps.error && lammps.status === 0) {
  copyFileSync(join(here, 'in.silicon'), join(output, 'in.silicon'));
  bridge('2000 steps NVE and 2000 steps NVT in LAMMPS', 'lammps run in.silicon --potential ../potential');
} else {
  process.stdout.write(
    '\nLAMMPS (`lmp`) is not installed: on Debian or Ubuntu `apt-get install lammps liblammps-dev libopenmpi-dev g++` adds it.\n' +
      'The built-in velocity Verlet engine runs the same instead.\n',
  );
  const common = '--potential ../potential --timestep 0.001 --every 200 --steps 2000';
  bridge('2000 steps NVE', `md silicon.extxyz ${common} --temperature 600 --log log.lammps --dump silicon.dump`);
  bridge('2000 steps NVT', `md silicon.dump ${common} --temperature 300 --damping 0.1 --log log.nvt --dump nvt.dump`);
}
bridge(
  'The run against the potential evaluated directly',
  'verify silicon.dump --log log.lammps --potential ../potential',
);
const logs = ['log.lammps', 'log.nvt'].filter((name) => existsSync(join(output, name)));
bridge('Plots', `report ${logs.join(' ')} -o report.html`);
process.stdout.write(`\nDone: look at ${join(output, 'report.html')}\n`);
