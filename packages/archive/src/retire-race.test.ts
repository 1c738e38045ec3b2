/** Publications by hand race with retirement, in one process and in processes that are killed: what readers are given has its files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createRandom } from '@tributary/testkit/inputs/random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGeneration, generationFolder, readGeneration, writeGeneration } from './generations.ts';
import type { GenerationManifest } from './layout.ts';
import { currentPublication, publish } from './publications.ts';
import { keptWith, retireGenerations } from './retire.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-retire-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const KEEP = 2;
const TRIALS = 24;
const draftOf = (generation: number, action: 'publish' | 'rollback' = 'publish') =>
  ({ generation, action, held: action === 'rollback', at: 5, by: 'test' }) as const;

async function computed(): Promise<number> {
  const created = await createGeneration(dir, pendingGeneration({ json: '{}', version: 'abc' }));
  const path = `${generationFolder(created.generation)}/activity.parquet`;
  await writeFile(join(dir, path), 'x'.repeat(10));
  const views = { activity: [{ path, rows: 1, bytes: 10, sha256: '0'.repeat(64) }] };
  const manifest: GenerationManifest = { ...created, state: 'computed', computedAt: 2, views };
  await writeGeneration(dir, manifest);
  return created.generation;
}

/** What readers are given is computed, and its files are there. */
async function expectReadable(): Promise<void> {
  const current = await currentPublication(dir);
  const manifest = await readGeneration(dir, current?.generation ?? 0);
  expect(manifest.state).toBe('computed');
  for (const { path } of Object.values(manifest.views).flat()) await access(join(dir, path));
}

async function rollBack(generation: number, above = 0): Promise<void> {
  const current = await currentPublication(dir);
  await publish(dir, current?.sequence ?? 0, draftOf(generation, 'rollback'), above);
}

/** `above`: what readers followed before the folder was restored. */
test.each([0, 40])(
  'law 7: a rollback that races with retirement is refused, or what it publishes stays (above %i)',
  async (above) => {
    const random = createRandom(21);
    let refused = 0;
    let tookMs = 20;
    // Either order once for certain: of those that time decides, all may fall out alike on a busy machine.
    const comesLast: Record<number, 'rollback' | 'retirement'> = { 0: 'rollback', 1: 'retirement' };
    for (let trial = 0; trial < TRIALS; trial++) {
      await rm(join(dir, 'generations'), { recursive: true, force: true });
      const numbers: number[] = [];
      for (let i = 0; i < 5; i++) numbers.push(await computed());
      await publish(dir, 0, draftOf(numbers[4] as number));
      const beganMs = performance.now();
      const target = numbers[random.below(3)] as number;
      const retireBoth = () =>
        Promise.allSettled([
          retireGenerations(dir, KEEP, above).finally(() => (tookMs = performance.now() - beganMs)),
          retireGenerations(dir, KEEP, above),
        ]);
      const retiring = comesLast[trial] === 'retirement' ? undefined : retireBoth();
      if (comesLast[trial] === 'rollback') await retiring;
      if (comesLast[trial] === undefined) await sleep(random.below(Math.ceil(2 * tookMs)));
      const [rollback] = await Promise.allSettled([rollBack(target, above)]);
      const retirements = await (retiring ?? retireBoth());
      if (comesLast[trial] !== undefined)
        expect(rollback.status).toBe(comesLast[trial] === 'rollback' ? 'rejected' : 'fulfilled');
      for (const outcome of retirements) expect(outcome.status).toBe('fulfilled');
      if (rollback.status === 'rejected') {
        refused++;
        expect(rollback.reason).toMatchObject({ code: 'conflict' });
      }
      await expectReadable();
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(TRIALS);
  },
);

const PROCESS = `
  import { retireGenerations } from '@tributary/archive/retire';
  import { currentPublication, publish } from '@tributary/archive/publications';
  const [dir, role] = process.argv.slice(1);
  process.stdout.write('.');
  for (let i = 0; ; i++) {
    try {
      const { sequence, generation } = await currentPublication(dir);
      if (role === 'retire') await retireGenerations(dir, 1 + (i % 2));
      else await publish(dir, sequence, { generation: 1 + (i % Math.max(1, generation + 1)), action: 'rollback', held: true, at: 5, by: role });
    } catch (error) {
      if (!['conflict', 'not_found'].includes(error.code)) throw error;
    }
  }`;

test('law 7: processes that retire and publish, killed at any time, leave readers a generation with its files', async () => {
  await publish(dir, 0, draftOf(await computed()));
  for (let round = 0; round < 3; round++) {
    const workers = ['retire', 'retire', 'publish'].map((role) =>
      spawn(process.execPath, ['--input-type=module', '-e', PROCESS, dir, role], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    const ends = workers.map((worker) => Promise.all([once(worker, 'exit'), text(worker.stderr)]));
    try {
      await Promise.all(workers.map((worker) => once(worker.stdout, 'data')));
      for (let i = 0; i < 6; i++) await computed();
    } finally {
      for (const worker of workers) worker.kill('SIGKILL');
    }
    for (const [[code], errors] of await Promise.all(ends)) expect({ code, errors }).toEqual({ code: null, errors: '' });
    await expectReadable();
    await retireGenerations(dir, KEEP);
    await expectReadable();
  }
});

test('law 7: the list of a publication takes nothing back that was given up before', async () => {
  for (let i = 0; i < 4; i++) await computed();
  await publish(dir, 0, { ...draftOf(4), kept: await keptWith(dir, 4, KEEP) });
  const all = { upTo: 4, generations: [1, 2, 3, 4] };
  await expect(publish(dir, 1, { ...draftOf(4), kept: all })).resolves.toMatchObject({
    kept: { upTo: 4, generations: [3, 4] },
  });
  await expect(publish(dir, 2, draftOf(1))).rejects.toMatchObject({ code: 'conflict' });
});

test('law 7: a shorter list does not begin below the one before: what was given up between them stays given up', async () => {
  for (let i = 0; i < 4; i++) await computed();
  await publish(dir, 0, { ...draftOf(2), kept: { upTo: 4, generations: [1, 2] } });
  const { kept } = await publish(dir, 1, { ...draftOf(2), kept: { upTo: 2, generations: [1, 2] } });
  expect(kept).toEqual({ upTo: 4, generations: [1, 2] });
  await expect(publish(dir, 2, draftOf(3))).rejects.toMatchObject({ code: 'conflict' });
});

test('law 7: what readers are given until the next publication is kept by it, whatever is newer', async () => {
  for (let i = 0; i < 3; i++) await computed();
  await publish(dir, 0, draftOf(3));
  await rollBack(1);
  await computed();
  expect((await keptWith(dir, 4, KEEP)).generations).toEqual([1, 3, 4]);
});

test('under a hold generations do not pile up: the one that is held and the newest stay', async () => {
  for (let i = 0; i < 3; i++) await computed();
  await publish(dir, 0, { ...draftOf(3), kept: await keptWith(dir, 3, 3) });
  await rollBack(1);
  for (let i = 0; i < 6; i++) {
    await computed();
    await retireGenerations(dir, KEEP);
  }
  const states = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map(async (g) => (await readGeneration(dir, g)).state));
  expect(states.map((state) => (state === 'computed' ? 1 : 0))).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 1]);
  expect(await currentPublication(dir)).toMatchObject({ generation: 1, action: 'rollback', held: true });
});
