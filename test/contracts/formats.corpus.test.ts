import { describeLane } from '../lanes.ts';
import { formatContract } from './format.ts';
import { corpusByFormat } from './samples.ts';

/** Files up to this size, good and bad ones: the contract is about the reader, not about the file. */
const LARGEST = 6000;

describeLane('corpus', 'the contract on small files of the corpus', () => {
  for (const [format, samples] of corpusByFormat(LARGEST)) formatContract(format, samples);
});
