import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { keepSwept } from './sweeping.ts';

test('law 6: an archiver whose store is away sweeps nothing before the folder was judged: another platform may write there', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-sweeping-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await mkdir(join(dataDir, 'staging', 'archiver-other'), { recursive: true });
  await mkdir(join(dataDir, 'staging', 'archiver-own'), { recursive: true });
  const staged = () => readdir(join(dataDir, 'staging'));
  let looks = 0;
  let isJudged = false;
  const end = await keepSwept({
    ...{ dataDir, living: () => new Set(['own']), everyMs: 1, onOrphans: () => {} },
    isJudged: () => {
      looks++;
      return isJudged;
    },
    onError: (error) => {
      throw error;
    },
  });
  onTestFinished(end);
  await vi.waitFor(() => expect(looks).toBeGreaterThan(3));
  expect(await staged()).toEqual(['archiver-other', 'archiver-own']);
  isJudged = true;
  await expect.poll(staged).toEqual(['archiver-own']);
});
