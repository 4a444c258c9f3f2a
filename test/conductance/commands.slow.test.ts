import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../lanes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conductance-'));
});
afterAll(() => rm(folder, { recursive: true }));

function start(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...words], { cwd: ROOT });
}

async function end(child: ChildProcess) {
  let out = '';
  child.stdout?.on('data', (text) => (out += text));
  child.stderr?.on('data', (text) => (out += text));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, out };
}

const run = (...words: string[]) => end(start(words));

describe('commands for wires and conductances', () => {
  test('a wire is built, labelled, and its histograms drawn', async () => {
    const data = join(folder, 'k.data');
    const built = await run(
      'nanowire',
      'build',
      '--element',
      'K',
      '--diameter',
      '10',
      '--length',
      '30',
      '--grip',
      '9.5',
      '-o',
      data,
    );
    expect(built).toMatchObject({ code: 0, out: expect.stringContaining('91 atoms, 21 and 21 in the grips') });
    expect(readFileSync(data, 'utf8')).toMatch(/3 atom types[\s\S]*Masses[\s\S]*Atoms # atomic/);
    const csv = join(folder, 't.csv');
    const labelled = await run('conductance', 'label', data, '-o', csv, '--model', 'jellium', 'tb-s', '--threads', '2');
    expect(labelled.code).toBe(0);
    const [, row] = readFileSync(csv, 'utf8').split('\n');
    const cells = row.split(',').map(Number);
    expect(cells[4]).toBeCloseTo(5.998, 3);
    expect(cells[13]).toBeCloseTo(6, 3);
    const drawn = await run(
      'conductance',
      'histogram',
      csv,
      '-o',
      join(folder, 'h.html'),
      '--tables',
      join(folder, 'h'),
    );
    expect(drawn).toMatchObject({ code: 0, out: expect.stringContaining('1 traces (0 left out), 0 aligned') });
    expect(readFileSync(join(folder, 'h.html'), 'utf8')).toContain('</html>');
  }, 60_000);

  test('Ctrl-C keeps the labels, leaves no output, and says how to go on', async () => {
    const one = join(folder, 'one.extxyz');
    const words = ['nanowire', 'build', '--element', 'K', '-o', one];
    expect((await run(...words)).code).toBe(0);
    const many = join(folder, 'many.extxyz');
    const lines = readFileSync(one, 'utf8').split('\n');
    // Every frame is another wire: one mobile atom moves up.
    const frame = (k: number) =>
      lines.map((line, n) => (n === 130 ? line.replace(/\S+(?= \d+$)/, (z) => String(Number(z) + 0.001 * k)) : line));
    await writeFile(many, Array.from({ length: 150 }, (_, k) => frame(k).join('\n')).join(''));
    const output = join(folder, 'out.extxyz');
    const journal = `${output}.labels.jsonl`;
    const label = ['conductance', 'label', many, '-o', output, '--threads', '1'];
    const child = start(label);
    const ended = end(child);
    while (!(existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > 5))
      await new Promise((r) => setTimeout(r, 50));
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(out).toContain('the same command with --resume goes on');
    expect(existsSync(output)).toBe(false);
    expect((await readdir(folder)).some((name) => name.endsWith('.tmp'))).toBe(false);
    const resumed = await run(...label, '--resume');
    expect(resumed.out).toMatch(/150 frames \(\d+ from the interrupted run\)/);
    expect(resumed.code).toBe(0);
    expect(existsSync(journal)).toBe(false);
  }, 180_000);

  test.each([
    [['conductance'], 2, /train, predict or histogram is needed/],
    [['conductance', 'label', 'nowhere.dump', '-o', 'x.csv'], 3, /nowhere\.dump/],
    [['conductance', 'label', '.', '-o', 'x.csv', '--grips', 'tpye:1'], 2, /expected type:BOTTOM,TOP/],
    [['conductance', 'histogram', 'x.csv', '--plateau', '1,2'], 2, /expected HIGH,LOW/],
    [['nanowire', 'build', '--element', 'Uuo', '-o', 'x.data'], 1, /no element/],
  ])(
    '%j ends with exit code %i and a message',
    async (words, code, message) => {
      const ended = await run(...words);
      expect(ended.out).toMatch(message);
      expect(ended.out).not.toContain('this is a bug');
      expect(ended.code).toBe(code);
    },
    30_000,
  );

  test('an output in a folder that is not there ends the command although threads were asked for', async () => {
    const data = join(folder, 'k3.extxyz');
    expect((await run('nanowire', 'build', '--element', 'K', '--diameter', '8', '-o', data)).code).toBe(0);
    const { code, out } = await run('conductance', 'label', data, '-o', join(folder, 'no/out.csv'), '--threads', '2');
    expect(out).toMatch(/no such file/i);
    expect(code).toBe(3);
  }, 30_000);

  test('an empty folder and a file that is no structure are refused', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const garbage = join(folder, 'garbage.bin');
    await writeFile(garbage, Buffer.alloc(3000, 0xa7));
    for (const input of [empty, garbage]) {
      const { code, out } = await run('conductance', 'label', input, '-o', join(folder, 'no.extxyz'));
      expect(out).toContain(input);
      expect(out).not.toContain('this is a bug');
      expect([1, 3]).toContain(code);
    }
  }, 30_000);
});
