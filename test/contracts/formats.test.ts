import { describe, expect, test } from 'vitest';
import { formatContract } from './format.ts';
import { samplesByFormat } from './samples.ts';

const samples = samplesByFormat();

describe('every format that reads a stream', () => {
  test.each([...samples].filter(([format]) => format.read).map(([format, list]) => [format.name, list] as const))(
    '%s has samples in test/data',
    (_, list) => {
      expect(list.length).toBeGreaterThan(0);
    },
  );
});

for (const [format, list] of samples) if (list.length > 0) formatContract(format, list);
