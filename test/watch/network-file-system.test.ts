import { expect, test } from 'vitest';
import { networkFileSystem } from '../../src/watch/network-file-system.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('a local folder is on no network file system, and what cannot be asked is taken for local', async () => {
  expect(await networkFileSystem(temporaryFolder())).toBeUndefined();
  expect(await networkFileSystem('/nowhere/at/all')).toBeUndefined();
});
