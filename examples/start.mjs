// `npm start`: installs, builds and runs the main job on real input with what the machine has. Only Node is needed to begin.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function run(command, ...args) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (done.error) process.stderr.write(`${command}: ${done.error.message}\n`);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

if (!existsSync(join(root, 'node_modules', 'yargs'))) run('npm', 'ci', '--no-audit', '--no-fund');
run('npm', 'run', '--silent', 'build');
run(process.execPath, 'examples/silicon/run.mjs');
