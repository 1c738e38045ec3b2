/** The manifest of a generation that was computed, for the world of these tests. */
import { GENERATION_EVENT_COLUMNS } from '@tributary/archive/compute/relations';
import type { GenerationManifest } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';
import { byPartition, GROUPED_VIEWS } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';

export function manifestOf(
  generation: number,
  events: number,
  definitions: Definitions,
  createdAt: number,
  partitions: number,
): GenerationManifest {
  return {
    generation,
    state: 'computed',
    mode: 'full',
    base: null,
    definitions: definitions.json,
    definitionsVersion: definitions.version,
    reason: 'test',
    createdAt,
    computedAt: createdAt + 5,
    lastSegment: new Array<number>(partitions).fill(0),
    cut: new Array<string>(partitions).fill('00000001'),
    views: Object.fromEntries(
      [...VIEWS, ...GROUPED_VIEWS.map(byPartition)].map(({ name }) => [
        name,
        [{ path: `generations/000001/${name}.parquet`, rows: 1, bytes: 2, sha256: 'a'.repeat(64) }],
      ]),
    ),
    events: [],
    eventColumns: Object.keys(GENERATION_EVENT_COLUMNS),
    conversions: [],
    counts: { events, newEvents: events, duplicates: 0 },
  };
}
