// `npm test`: builds the command, then runs every lane. Lanes whose program is missing say so; NNP_REQUIRE_LANES=all makes them fail.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

function run(command, ...args) {
  const done = spawnSync(command, args, { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

if (!existsSync('node_modules')) run('npm', 'ci', '--no-audit', '--no-fund');
run('npm', 'run', '--silent', 'build');
run('npx', 'vitest', 'run', ...process.argv.slice(2));
