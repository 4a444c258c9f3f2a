import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFrames } from '../../src/convert/open.ts';
import { parseConfig } from '../../src/train/config.ts';
import { generatedConfig } from '../../src/train/generated-config.ts';
import { type LabelledFrame, labelledFrames } from '../../src/train/labelled-frames.ts';
import { describeLane, ROOT, SHARED } from '../lanes.ts';

describeLane('corpus', 'the configurations of examples/mlearn', () => {
  for (const element of ['Si', 'Mo', 'Li'])
    test(`${element}: is what train makes from the data without a configuration, and is read again`, async () => {
      const file = join(ROOT, 'examples/mlearn', `${element.toLowerCase()}.yaml`);
      const shipped = readFileSync(file, 'utf8');
      expect(parseConfig(shipped, file).optimiser.name).toBe('ekf');
      const path = join(SHARED, 'datasets/mlearn', `${element}-train.extxyz`);
      const { frames } = await openFrames(undefined, { path, onDiagnostic: () => {}, strict: true });
      const data: LabelledFrame[] = [];
      for await (const frame of labelledFrames(frames, path, () => {})) data.push(frame);
      const withoutHead = (text: string) => text.slice(text.indexOf('\n'));
      expect(withoutHead(shipped)).toBe(withoutHead(generatedConfig(data)));
    }, 120_000);
});
