/** How far off plans are: incremental runs of several sizes upon one archive, each against what the runs before it say of its size. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { estimate } from '@tributary/archive/plan/estimate';
import { archive } from './archives.ts';
import { timedRun } from './batch.ts';
import type { Figure } from './report.ts';

/** Parts of all events, in the order of the runs: no run is of the size of the one before it. */
const SIZES = [0.01, 0.002, 0.03, 0.005, 0.02, 0.001, 0.04, 0.01, 0.03, 0.004, 0.015, 0.025];

export async function benchPlan(events: number, users: number): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-bench-plan-'));
  const session = await openDuckDb({ memoryLimit: '1GB', threads: 2, tempDir: join(dataDir, 'spill') });
  try {
    await timedRun(dataDir, await archive(session, dataDir, { number: 0, seals: 1, events, users, days: 30 }), 'full');
    const errors: number[] = [];
    for (const [i, size] of SIZES.entries()) {
      const spec = { number: i + 1, seals: i + 2, events: Math.round(events * size), users, days: 30 };
      const segments = await archive(session, dataDir, spec);
      const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
      const planned = estimate(await manifestsOf(dataDir), 'incremental', rows);
      await timedRun(dataDir, segments, 'incremental');
      const [newest] = await manifestsOf(dataDir);
      if (planned === null || newest?.computedAt == null) continue;
      const took = (newest.computedAt - newest.createdAt) / 1_000;
      errors.push(Math.abs(planned.seconds - took) / took);
    }
    const sorted = errors.toSorted((a, b) => a - b);
    const note = `${events.toLocaleString('en')} events, ${sorted.length} incremental runs of 0.1 to 4 % of them after three others`;
    return [
      {
        section: 'plan',
        figure: 'how far off a plan is, half of them by less',
        value: sorted[sorted.length >> 1] ?? Number.NaN,
        unit: 'of the time it then took',
        goal: { value: 0.2, better: 'less' },
        note,
      },
      {
        section: 'plan',
        figure: 'how far off the worst is',
        value: sorted.at(-1) ?? Number.NaN,
        unit: 'of the time it then took',
      },
    ];
  } finally {
    await session.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Newest first. */
async function manifestsOf(dataDir: string): Promise<GenerationManifest[]> {
  const manifests: GenerationManifest[] = [];
  for (const generation of (await listGenerations(dataDir)).reverse()) manifests.push(await readGeneration(dataDir, generation));
  return manifests;
}
