import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { storedFrames } from '../../src/store/stored-frames.ts';
import type { StoreStatus } from '../../src/watch/status.ts';
import { ROOT } from '../lanes.ts';
import { collect } from '../store/frames.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function nnpBridge(...words: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...words], { cwd: ROOT });
  return { child, end: endOf(child) };
}

async function endOf(child: ChildProcess) {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  const [code] = await once(child, 'close');
  return { code, ...text };
}

/** A program that does what the x of the first atom says. */
const LABELLER = `
import { readFileSync, writeFileSync } from 'node:fs';
const [count, , ...rows] = readFileSync('frame.xyz', 'utf8').trim().split('\\n');
const what = Math.round(Number(rows[0].split(/\\s+/)[1]) / 0.1);
console.log('step 1 of the SCF');
if (what === 1) { console.error('segmentation fault'); process.exit(139); }
if (what === 2) setInterval(() => {}, 1000);
const atoms = what === 3 ? rows.slice(1) : rows;
const energy = what === 4 ? 'NaN' : -1.5;
const forces = what === 5 ? '9 0 0' : '0 0 0';
const text = [String(atoms.length), 'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy=' + energy];
if (what !== 2) writeFileSync('out.xyz', [...text, ...atoms.map((row) => row + ' ' + forces), ''].join('\\n'));
`;

const DESCRIPTION = `
name: doubtful
command: [${process.execPath}, label.mjs]
render: [frame.xyz]
copy: [label.mjs]
output: {file: out.xyz, format: extxyz}
convergence_unknown: true
timeout: 20
concurrency: 3
`;

const FRAME = `{{natoms}}
Lattice="{{a}} {{b}} {{c}}" Properties=species:S:1:pos:R:3
{{#atoms}}
{{symbol}} {{x}} {{y}} {{z}}
{{/atoms}}
`;

function folders() {
  const base = temporaryFolder();
  const at = (name: string) => join(base, name);
  mkdirSync(at('runs'));
  mkdirSync(at('doubtful'));
  writeFileSync(at('doubtful/labeller.yaml'), DESCRIPTION);
  writeFileSync(at('doubtful/label.mjs'), LABELLER);
  writeFileSync(at('doubtful/frame.xyz'), FRAME);
  return at;
}

/** Two atoms; `what` is what the labeller does with them. */
function frameText(what: number, step: number): string {
  const rows = [`K ${(0.1 * what).toFixed(1)} 0 0`, `K 4 4 ${(4 + 0.001 * step).toFixed(3)}`];
  return `2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 step=${step}\n${rows.join('\n')}\n`;
}

test('a labeller that crashes, hangs and lies costs its own frames only; they are kept with what it said, and reasons are counted', {
  timeout: 300_000,
}, async () => {
  const at = folders();
  const doings = [0, 1, 0, 2, 3, 0, 4, 5, 0];
  writeFileSync(at('runs/a.extxyz'), doings.map(frameText).join(''));
  const words = [
    'watch',
    at('runs'),
    '-o',
    at('data'),
    '--label-by',
    at('doubtful'),
    '--idle-exit',
    '0',
    '--attempts',
    '1',
  ];
  const { code, stderr } = await nnpBridge(...words).end;
  expect([code, stderr]).toEqual([0, expect.stringContaining('9 frames seen, 4 labelled, 5 failed, 4 in the store')]);
  const stored = await collect(storedFrames(at('data'), undefined, () => {}));
  expect(stored.map(({ info }) => info['step']).sort()).toEqual([0, 2, 5, 8]);
  expect(stored[0].info).toMatchObject({ labeller: 'doubtful', source: 'a.extxyz' });

  const status: StoreStatus = JSON.parse((await nnpBridge('status', at('data'), '--json').end).stdout);
  const [watched] = status.watched;
  expect(watched.outcomes.counts).toMatchObject({ labelled: 4, failed: 5 });
  const reasons = Object.keys(watched.outcomes.reasons).join('\n');
  for (const part of ['exit code #', 'timeout', '# atoms', 'no energy', 'forces sum up'])
    expect(reasons).toContain(part);
  const failed = join(watched.folder, 'failed');
  const logs = readdirSync(failed).filter((name) => name.endsWith('.log'));
  expect(logs).toHaveLength(5);
  expect(logs.map((name) => readFileSync(join(failed, name), 'utf8')).join()).toContain('segmentation fault');
  expect(readdirSync(failed).filter((name) => name.endsWith('.extxyz'))).toHaveLength(5);

  const again = await nnpBridge(...words).end;
  expect(again.stderr).toContain('9 frames seen, 4 labelled, 5 failed');
  const text = (await nnpBridge('status', at('data')).end).stdout;
  expect(text).toMatch(/failed +5/);
});

test('Ctrl-C finishes what is in work and says how to go on; the same command does, and a second watcher is refused', {
  timeout: 300_000,
}, async () => {
  const at = folders();
  const slow = LABELLER.replace(
    "console.log('step",
    "await new Promise((r) => setTimeout(r, 700));\nconsole.log('step",
  );
  writeFileSync(at('doubtful/label.mjs'), slow);
  writeFileSync(at('runs/a.extxyz'), Array.from({ length: 30 }, (_, k) => frameText(0, k)).join(''));
  const words = ['watch', at('runs'), '-o', at('data'), '--label-by', at('doubtful'), '--idle-exit', '0'];
  const { child, end } = nnpBridge(...words);
  const shard = at('data/shard-000001.extxyz');
  while (!(existsSync(shard) && readFileSync(shard).length > 0) && child.exitCode === null) await sleep(20);
  const other = await nnpBridge(...words).end;
  expect([other.code, other.stderr]).toEqual([3, expect.stringContaining(`in use by process ${child.pid}`)]);
  child.kill('SIGINT');
  const { code, stderr } = await end;
  expect([code, stderr]).toEqual([130, expect.stringContaining('the same command goes on')]);
  const stored = (await collect(storedFrames(at('data'), undefined, () => {}))).length;
  expect(stored).toBeGreaterThan(0);
  expect(stored).toBeLessThan(30);
  expect((await nnpBridge(...words).end).stderr).toContain('30 frames seen, 30 labelled, 30 in the store');
});

test('a labeller that always fails ends the command, which would watch for ever otherwise; put right, it goes on', {
  timeout: 300_000,
}, async () => {
  const at = folders();
  writeFileSync(at('doubtful/label.mjs'), "console.error('no license'); process.exit(1);");
  writeFileSync(at('runs/a.extxyz'), Array.from({ length: 6 }, (_, k) => frameText(0, k)).join(''));
  const words = ['watch', at('runs'), '-o', at('data'), '--label-by', at('doubtful'), '--attempts', '1'];
  const { code, stderr } = await nnpBridge(...words, '--max-failures', '3').end;
  expect([code, stderr]).toEqual([
    5,
    expect.stringMatching(/3 frames one after the other .*exit code 1.*Nothing is lost/s),
  ]);
  const [one] = (JSON.parse((await nnpBridge('status', at('data'), '--json').end).stdout) as StoreStatus).watched;
  expect([one.seen, one.last?.state]).toEqual([0, 'failed']);
  writeFileSync(at('doubtful/label.mjs'), LABELLER);
  const again = await nnpBridge(...words, '--idle-exit', '0').end;
  expect(again.stderr).toContain('6 frames seen, 6 labelled, 6 in the store');
});

test('words that make no sense are said to be so', { timeout: 120_000 }, async () => {
  const at = folders();
  const cases: [string[], number, RegExp][] = [
    [['-o', at('data')], 2, /expected --label-by/],
    [['-o', at('data'), '--label-by', at('nowhere')], 2, /no template/],
    [['-o', at('runs'), '--label-by', at('doubtful')], 2, /another folder for the store/],
    [['-o', at('data'), '--label-by', at('doubtful'), '--live', 'here'], 2, /expected a port/],
  ];
  for (const [words, code, message] of cases) {
    const end = await nnpBridge('watch', at('runs'), ...words).end;
    expect([end.code, end.stderr]).toEqual([code, expect.stringMatching(message)]);
  }
});
