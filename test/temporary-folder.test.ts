import { expect, test } from 'vitest';
import { isInMemory, type Machine } from './temporary-folder.ts';

const GIB = 1024 ** 3;
const MACHINE: Machine = {
  asked: undefined,
  mounts: ['/dev/vda / ext4 rw 0 0', 'tmpfs /dev/shm tmpfs rw,relatime,size=16g 0 0'],
  folderBytes: 16 * GIB,
  memoryBytes: 12 * GIB,
};

test('temporary files lie in memory where there is enough of it, and programs may run from there', () => {
  expect(isInMemory(MACHINE)).toBe(true);
  const others: Partial<Machine>[] = [
    { asked: '/var/tmp' },
    { folderBytes: 64 * 1024 ** 2 },
    { memoryBytes: 4 * GIB },
    { mounts: ['shm /dev/shm tmpfs rw,nosuid,nodev,noexec,size=16g 0 0'] },
    { mounts: ['/dev/vda / ext4 rw 0 0'] },
  ];
  for (const other of others) expect([other, isInMemory({ ...MACHINE, ...other })]).toEqual([other, false]);
});
