// A small learning loop as a process of its own, for tests that end it: node loop-process.mts FOLDER
import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { learn } from '../../src/learn/learn.ts';
import { parseLearnConfig } from '../../src/learn/learn-config.ts';
import { frameId } from '../../src/store/shard-file.ts';
import { teacher } from './small-loop.ts';

const folder = process.argv[2];
const path = join(dirname(folder), 'learn.yaml');
const outcome = await learn({
  config: parseLearnConfig(readFileSync(path, 'utf8'), path),
  folder,
  openLabeller: async () => {
    const labeller = await teacher();
    return {
      ...labeller,
      // A label takes time, so that there is an inside of the stage; what was asked for is written down.
      label: async (frame, signal) => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        await appendFile(`${folder}.asked`, `${frameId(frame)}\n`);
        return labeller.label(frame, signal);
      },
    };
  },
  signal: new AbortController().signal,
  onDiagnostic: () => {},
  onEvent: (event) => process.stdout.write(`${event.kind === 'stage' ? `${event.round} ${event.text}` : event.what}\n`),
  onRound: async () => {},
});
process.stdout.write(`${outcome.end}\n`);
