import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSegment } from '@tributary/archive/segments';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { expect, onTestFinished, test } from 'vitest';
import { keepSharing, openShared } from './sharing.ts';

const { signal } = new AbortController();
const range = { partition: 0, number: 0, logIdentity: 'log', after: null, upTo: '1', seals: null };

test('law 6: a folder goes on with the store that it began with alone, and with none that lacks what it has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [place, one, two] = ['place', 'one', 'two'].map((name) => join(folder, name)) as [string, string, string];
  expect(await openShared('', one, {}, signal)).toBeUndefined();
  await (await openShared(place, one, {}, signal))?.giveIdentity('archive');
  await openShared(`${place}/`, one, {}, signal);
  for (const other of ['', join(folder, 'elsewhere')])
    await expect(openShared(other, one, {}, signal)).rejects.toMatchObject({
      code: 'history_mismatch',
      message: expect.stringContaining(
        `TRIBUTARY_ARCHIVE must be ${place}, which the data folder ${one} follows (got "${other}")`,
      ),
    });
  await writeSegment(two, { ...range, rows: 0, deadRows: 0, files: [], dead: null });
  await expect(openShared(place, two, {}, signal)).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`must have segment 0 of partition 0, as ${two} has it (got none)`),
  });
});

test('a folder follows while nothing is archived in it; a store that is away for a while is said, and what it brings back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [place, one, two] = ['place', 'one', 'two'].map((name) => join(folder, name)) as [string, string, string];
  const first = await openShared(place, one, {}, signal);
  const second = await openShared(place, two, {}, signal);
  let isAway = true;
  const stop = new AbortController();
  const said: string[] = [];
  const loop = keepSharing(
    { ...second, share: () => (isAway ? Promise.reject(new Error('away')) : second?.share()) } as never,
    stop.signal,
    { failed: ({ message }) => said.push(message), recovered: () => said.push('again') },
  );
  await first?.giveIdentity('archive');
  await expect.poll(() => loop.trouble()?.message, { timeout: 20_000 }).toBe('away');
  isAway = false;
  await expect.poll(() => archiveIdentity(two), { timeout: 20_000 }).toBe('archive');
  await expect.poll(() => said.at(-1), { timeout: 20_000 }).toBe('again');
  stop.abort();
  await loop.ended;
});
