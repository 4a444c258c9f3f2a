import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** SLURM on this machine as its only node, with a configuration, ports and a key of its own; root only. */
export async function startSlurm(): Promise<{ readonly configuration: string; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'nnp-slurm-'));
  const pids = ['slurmd.pid', 'slurmctld.pid', 'munged.pid'].map((name) => join(folder, name));
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'key'), Buffer.from(crypto.getRandomValues(new Uint8Array(128))), { mode: 0o400 });
  const node = hostname().split('.')[0];
  const configuration = join(folder, 'slurm.conf');
  writeFileSync(
    configuration,
    `ClusterName=test
SlurmctldHost=${node}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${join(folder, 'munge.socket')}
CredType=cred/munge
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool')}
SlurmctldPidFile=${pids[1]}
SlurmdPidFile=${pids[0]}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd.log')}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
MinJobAge=2
MailProg=/bin/true
NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const file = (name: string) => join(folder, name);
  const munge = ['--force', `--socket=${file('munge.socket')}`, `--key-file=${file('key')}`, `--pid-file=${pids[2]}`];
  run('/usr/sbin/munged', [...munge, `--log-file=${file('munge.log')}`, `--seed-file=${file('seed')}`]);
  run('/usr/sbin/slurmctld', ['-f', configuration]);
  run('/usr/sbin/slurmd', ['-f', configuration]);
  const stop = () => {
    for (const pid of pids) end(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  };
  for (let tries = 0; tries < 120; tries++) {
    const { stdout } = spawnSync('sinfo', ['--noheader', '--format=%T'], {
      env: { ...process.env, SLURM_CONF: configuration },
      encoding: 'utf8',
    });
    if (/idle/.test(stdout ?? '')) return { configuration, stop };
    await new Promise((later) => setTimeout(later, 500));
  }
  stop();
  throw new Error('the node of SLURM did not become idle');
}

function run(program: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}

function end(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'); // asked to end, slurmctld would write its state first
  } catch {
    // It is not running.
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}
