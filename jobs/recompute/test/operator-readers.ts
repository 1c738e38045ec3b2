/** What operators and readers of a world look at. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { currentPublication } from '@tributary/archive/publications';
import { readViewRows } from '@tributary/archive/views';
import type { Reconciliation } from '@tributary/recompute/reconcile/report';
import { byPartition } from '@tributary/views/by-partition';
import { viewRowsOf } from './view-rows.ts';
import type { World } from './world.ts';

export const sourceOf = (of: World) => ({
  publication: () => currentPublication(of.dataDir),
  manifests: async () => Promise.all((await listGenerations(of.dataDir)).reverse().map((g) => readGeneration(of.dataDir, g))),
  manifest: async (generation: number) => readGeneration(of.dataDir, generation).catch(() => null),
  viewRows: (manifest: GenerationManifest) => viewRowsOf(of.session, of.dataDir, manifest),
  rowsByPartition: (manifest: GenerationManifest, view: Parameters<typeof byPartition>[0]) =>
    readViewRows(of.session, of.dataDir, manifest, byPartition(view)),
});

/** Law 8: classes add up to the difference, in every sum and every row that is listed. */
export function demandWhole({ generation, views }: Reconciliation): void {
  for (const [name, { classes, totals, rows }] of Object.entries(views)) {
    for (const [measure, total] of Object.entries(totals)) {
      const sum = Object.values(classes).reduce((all, part) => all + BigInt(part.totals[measure]?.difference ?? 0), 0n);
      if (sum !== BigInt(total.difference))
        throw new Error(`classes of g${generation} ${name} ${measure}: ${sum} of ${total.difference}`);
    }
    for (const row of rows)
      for (const [measure, { difference }] of Object.entries(row.measures)) {
        const sum = Object.values(row.classes).reduce((all, part) => all + BigInt(part[measure] ?? 0), 0n);
        if (sum !== BigInt(difference))
          throw new Error(`classes of a row of g${generation} ${name} ${measure}: ${sum} of ${difference}`);
      }
  }
}
