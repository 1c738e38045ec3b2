import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createGeneration, writeGeneration } from '../generations.ts';
import { writeSegment } from '../segments.ts';
import { planCompute, rereadOf } from './compute-plan.ts';

test('rows of a base that left some out are built upon; those of a base that never had them are not', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-plan-'));
  const draft = pendingGeneration({ json: '{}', version: 'abc' });
  const file = { path: 'none', rows: 0, bytes: 0, sha256: '0'.repeat(64) };
  const kept = [...VIEWS, ...groupedOf(VIEWS)].map(({ name }) => name).filter((name) => name !== 'creditByPartition');
  const views = Object.fromEntries(kept.map((name) => [name, [file]]));
  const reused = async (leftOut: string[]) => {
    const base = await createGeneration(dataDir, draft);
    await writeGeneration(dataDir, { ...base, state: 'computed', computedAt: 2, views, leftOut, program: 'p' });
    const manifest = await createGeneration(dataDir, { ...draft, mode: 'incremental', base: base.generation });
    const limits = {} as Parameters<typeof planCompute>[1]['limits'];
    return (await planCompute(dataDir, { manifest, seals: [], attempt: '1', limits, program: 'p' })).reuseRows;
  };
  try {
    expect([await reused(['creditByPartition']), await reused([])]).toEqual([true, false]);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('law 1: a correction reads its days again, also where they lie in the file of a month or a year', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-plan-'));
  const plain = definitionsOf(SMALL_DEFINITIONS);
  const days = { from: '2026-02-10', to: '2026-02-12', author: 'ada', reason: 'it went wrong' };
  const corrected = definitionsOf({ ...SMALL_DEFINITIONS, corrections: [{ name: 'all', when: 'true', drop: true, ...days }] });
  const dates = ['2025', '2026', '2027', '2026-01', '2026-02', '2026-03', '2026-02-09', '2026-02-10', '2026-02-11', '2026-02-12'];
  const files = dates.map((date) => ({ date, path: `date=${date}/p00.parquet`, rows: 1, bytes: 1, sha256: '0'.repeat(64) }));
  const range = { partition: 0, number: 0, logIdentity: 'log', after: null, upTo: '0001', seals: 1 };
  try {
    await writeSegment(dataDir, { ...range, rows: files.length, deadRows: 0, files, dead: null });
    const base = { ...pendingGeneration(plain), generation: 1, lastSegment: [0] };
    const reread = await rereadOf(dataDir, base, corrected);
    expect(reread?.files.map((some) => some.map(({ path }) => path))).toEqual([
      ['2026', '2026-02', '2026-02-10', '2026-02-11'].map((date) => `date=${date}/p00.parquet`),
    ]);
    expect(await rereadOf(dataDir, base, plain)).toBeUndefined();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
