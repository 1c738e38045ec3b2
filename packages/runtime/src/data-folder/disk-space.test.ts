import { expect, test } from 'vitest';
import { redisFolderTrouble, watchDisk } from './disk-space.ts';

const MB = 1024 * 1024;

test('law 6: below the mark nothing new is taken, below half of it nothing is worked on; all goes on with room', async () => {
  let free = 100 * MB;
  const reported: (string | null)[] = [];
  const stop = new AbortController();
  const disk = await watchDisk({
    folder: '/redis',
    reserveMb: 64,
    signal: stop.signal,
    onChange: (trouble) => reported.push(trouble),
    freeBytes: async () => free,
  });
  disk.assertRoom();
  free = 63 * MB;
  await expect.poll(() => disk.trouble()).toBe('the disk of /redis has 63 MB left, and 64 MB are kept free');
  expect(() => disk.assertRoom()).toThrow(expect.objectContaining({ code: 'disk_full' }));
  disk.assertRoomToWork();
  free = 31 * MB;
  await expect.poll(() => disk.trouble()).toContain('31 MB left');
  expect(() => disk.assertRoomToWork()).toThrow(expect.objectContaining({ code: 'disk_full' }));
  free = 64 * MB;
  await expect.poll(() => disk.trouble()).toBe(null);
  disk.assertRoomToWork();
  expect(reported).toEqual([expect.stringContaining('63 MB'), null]);
  stop.abort();
});

test('without a folder there is nothing to watch; a folder that is not there is an error', async () => {
  const watch = { reserveMb: 64, signal: AbortSignal.abort(), onChange: () => {} };
  expect((await watchDisk({ ...watch, folder: '' })).trouble()).toBe(null);
  await expect(watchDisk({ ...watch, folder: '/nowhere/at/all' })).rejects.toThrow(/ENOENT/);
});

test('a folder that is not there is refused by name; none at all is a Redis elsewhere', () => {
  expect([redisFolderTrouble(''), redisFolderTrouble('.')]).toEqual([undefined, undefined]);
  expect(redisFolderTrouble('/nowhere/redis')).toMatch(
    /^TRIBUTARY_REDIS_FOLDER must be a folder that is there \(got "\/nowhere\/redis"\)/,
  );
});
