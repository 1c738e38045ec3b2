/** `meta`: what every merged answer says about itself. */
import type { AskedLayers, Meta } from '@tributary/contract/shapes/meta';
import type { FollowedDefinitions } from './followed-definitions.ts';
import type { SpeedHealth } from './freshness/speed-health.ts';
import { completenessOf, exampleOf, type Gap, gapsOf } from './gaps.ts';
import type { ServedGeneration } from './generations/served.ts';

export type { Meta };

/** What the answer lacks (`holes`) makes it incomplete; what readers should merely know (`notes`) does not. */
export interface Findings {
  readonly holes: readonly string[];
  readonly notes: readonly string[];
}

export interface MetaParts {
  readonly layers: AskedLayers;
  readonly served: ServedGeneration;
  /** Since the generation's cut. */
  readonly pending: number;
  readonly overflowed: number;
  readonly health: SpeedHealth;
  /** Why the answer is not of now; null: it is. */
  readonly stale: string | null;
  /** Where view and deltas do not meet at one barrier. */
  readonly apart: readonly string[];
  /** What was in flight between keys at the generation's cut: asked of a generation alone. */
  readonly atCut: readonly Gap[];
  /** Views that were asked for and that partitions did not count since the cut. */
  readonly uncounted: readonly string[];
  /** Days that were asked for and of which the generation may lack events. */
  readonly retired: readonly string[];
  readonly definitions: FollowedDefinitions;
}

export function metaOf(parts: MetaParts, findings: Findings): Meta {
  const { layers, served, pending, overflowed, health, stale, apart, atCut, uncounted, retired, definitions } = parts;
  const holes: Gap[] = [];
  const lacks = (reason: Gap['reason'], ...texts: readonly string[]) => holes.push(...gapsOf(reason, texts));
  if (stale !== null) lacks('held_answer', stale);
  lacks('counts_differ', ...findings.holes);
  const notes = [...findings.notes];
  if (served.failure !== null)
    lacks(
      'older_generation',
      `generation ${served.loaded.generation} is served in place of a newer one that cannot be loaded: ${served.failure}`,
    );
  lacks('events_retired', ...retired);
  if (layers === 'batch') holes.push(...atCut);
  if (layers !== 'batch') {
    holes.push(...health.missing);
    lacks('cut_apart', ...apart);
    lacks('view_not_counted', ...uncounted);
    notes.push(...exampleOf(health.notes));
    if (overflowed > 0)
      lacks(
        'bound_reached',
        `the speed layer could not compute the whole effect of ${overflowed} events: their users' timelines, or the work on them, outgrew a bound; exact again after the next generation`,
      );
    const others = new Set(definitions.others.map(({ version }) => version));
    // Rows of two definitions are added up then: the sum is right by neither.
    if (others.size > 0)
      lacks(
        'definitions_changed',
        `the definitions changed: since its last cut the speed layer follows ${[...others].join(', ')}, the batch side ${definitions.own.version}; exact again when a generation of the new ones is published`,
      );
    else if (definitions.changedBack)
      lacks(
        'definitions_changed',
        `the definitions changed since the cut of generation ${served.loaded.generation}, and back: what was counted in between follows others; exact again when a newer generation is published`,
      );
  }
  return {
    view: layers,
    generation: served.loaded.generation,
    cut: served.loaded.manifest?.createdAt ?? null,
    speed: { lagMs: health.lagMs, watermark: health.watermark },
    pending,
    ...completenessOf(holes, notes),
    definitions: definitions.own.version,
  };
}
