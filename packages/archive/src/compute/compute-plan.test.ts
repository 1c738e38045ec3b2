import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createGeneration, writeGeneration } from '../generations.ts';
import { planCompute } from './compute-plan.ts';

test('rows of a base that left some out are built upon; those of a base that never had them are not', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-plan-'));
  const draft = pendingGeneration({ json: '{}', version: 'abc' });
  const file = { path: 'none', rows: 0, bytes: 0, sha256: '0'.repeat(64) };
  const kept = [...VIEWS, ...groupedOf(VIEWS)].map(({ name }) => name).filter((name) => name !== 'creditByPartition');
  const views = Object.fromEntries(kept.map((name) => [name, file]));
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
