import { statfs } from 'node:fs/promises';

/** Magic numbers of `statfs` (linux/magic.h and the manual page statfs(2)) of file systems that others may write to unseen. */
const NETWORK = new Map<number, string>([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x013661de, 'GlusterFS'],
]);

/** Name of the network file system that a path is on, where file events cannot be relied on; undefined = local, or not known. */
export async function networkFileSystem(path: string): Promise<string | undefined> {
  try {
    return NETWORK.get(Number((await statfs(path)).type) >>> 0);
  } catch {
    return undefined;
  }
}
