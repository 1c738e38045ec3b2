/**
 * Erased users go out of the archive: 1 000 of the 100 000 of the batch section's 10 M events, so that every file has some of them and all are
 * written again. Then the same search once more, for one user, which finds every file without the others.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { readForgotten } from '@tributary/archive/forgotten';
import { type Rewritten, rewriteArchive } from '@tributary/archive/rewrite/rewrite';
import { writeSegment } from '@tributary/archive/segments';
import { DEFAULT_LIMITS } from '@tributary/recompute/ports';
import { archive, PARTITIONS } from './archives.ts';
import type { Figure } from './report.ts';

const ERASED = 1_000;

export async function benchErasure(events: number, users: number): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-bench-erasure-'));
  const { memoryMb, threads } = DEFAULT_LIMITS.compute;
  const session = await openDuckDb({
    ...{ memoryLimit: `${memoryMb}MiB`, threads, connections: threads },
    tempDir: join(dataDir, 'spill'),
  });
  try {
    const segments = await archive(session, dataDir, { number: 0, seals: 1, events, users, days: 30 });
    for (const segment of segments) await writeSegment(dataDir, segment);
    const digestOf = digestsBy(await erasureKey(dataDir));
    const cut = segments.map(({ upTo }) => upTo);
    const rewrite = async (first: number, count: number) => {
      const { replaced = [] } = (await readForgotten(dataDir)) ?? {};
      return rewriteArchive(session, {
        dataDir,
        ...{ attempt: `bench${first}`, staging: join(dataDir, 'staging', 'bench'), nowMs: Date.now(), width: threads },
        forgotten: {
          ...{ generation: 1, lifted: {}, lastSegment: cut.map(() => 0), cut, searchedAt: null, replaced },
          erased: Array.from({ length: count }, (_, i) => digestOf(`user-${String((first + i) * 97).padStart(8, '0')}`)).sort(),
        },
        from: cut.map(() => 0),
      });
    };
    const all = await timed(() => rewrite(0, ERASED));
    const one = await timed(() => rewrite(ERASED + 1, 1));
    const note = ({ done: { rows, files }, processorSeconds }: Timed) =>
      `${files} of ${PARTITIONS * 30} files, ${rows} events; ${processorSeconds.toFixed(1)} s of processor`;
    return [
      {
        ...{ section: 'erasure', figure: `${ERASED} users out of the archive`, value: all.seconds, unit: 's' },
        ...{ goal: { value: 60, better: 'less' }, note: note(all) },
      },
      { section: 'erasure', figure: 'one user more', value: one.seconds, unit: 's', note: note(one) },
      {
        ...{ section: 'erasure', figure: 'peak memory', value: process.resourceUsage().maxRSS / 1024 ** 2, unit: 'GB' },
        note: `DuckDB is held to ${memoryMb} MiB; making the archive is in it`,
      },
    ];
  } finally {
    await session.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Timed {
  readonly seconds: number;
  /** All threads together: what a busy machine leaves as it is. */
  readonly processorSeconds: number;
  readonly done: Rewritten;
}

async function timed(work: () => Promise<Rewritten>): Promise<Timed> {
  const start = performance.now();
  const before = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  if (!done.isSearched) throw new Error('rows of erased users were left in archived files');
  return { seconds: (performance.now() - start) / 1_000, processorSeconds: (user + system) / 1e6, done };
}
