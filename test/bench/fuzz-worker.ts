import { type FuzzInput, fuzzOne } from '../contracts/fuzz.ts';
import { corpusByFormat, samplesByFormat } from '../contracts/samples.ts';
import type { Progress } from './fuzz-formats.ts';

/** One process of fuzz-formats.ts: its numbers, and how far it is for the one who watches. */
const [first, count] = process.argv.slice(2).map(Number);
const LARGEST = 2500;

if (process.send) {
  const send = (progress: Progress) => process.send?.(progress);
  const inputs: FuzzInput[] = [...samplesByFormat(), ...corpusByFormat(LARGEST)].flatMap(([format, samples]) =>
    samples.filter((sample) => sample.bytes.length <= LARGEST).map((sample) => ({ format, sample })),
  );
  for (let at = first; at < first + count; at++) {
    if (at % 500 === 0) send({ at, samples: inputs.length });
    try {
      await fuzzOne(inputs, at);
    } catch (error) {
      const { stack, cause } = error as Error;
      send({ at, samples: inputs.length, error: `${stack}\n${cause instanceof Error ? cause.stack : ''}` });
      process.exit(1);
    }
  }
  send({ at: first + count, samples: inputs.length });
  process.disconnect();
}
