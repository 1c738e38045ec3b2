/** Whether a run can build on a generation, decided for the run itself and for its plan. */
import type { Definitions } from '@tributary/model/definitions';
import { keepsAllColumns, keepsCounted, keepsKeys, keepsMarks, keepsMessages, keepsWeb } from '../compute/relations.ts';
import type { Reread } from '../compute/spec.ts';
import { lacksErasures } from '../forgotten.ts';
import type { GenerationManifest } from '../layout.ts';

/**
 * Why a run computes all of the archive.
 * - `asked`: it was asked for a full one.
 * - `nothing_computed`: no generation is published, or its files are gone.
 * - `fields_missing`: the events of the published one lack a field that this version keeps, messages between keys that are joined now, or what is counted of pages, of segments by day, or by the definitions, now.
 * - `counted_once_changed`: the definitions count conversions once by a key that its events were not read for.
 * - `erased_since`: it counts users whom the archive lacks, with the records that say so: it is of an older copy of the generations.
 */
export type FullReason = 'asked' | 'nothing_computed' | 'fields_missing' | 'counted_once_changed' | 'erased_since';

/** null: the run builds on `published`. */
export function whyFull(
  mode: GenerationManifest['mode'],
  published: GenerationManifest | null,
  definitions: Definitions,
): FullReason | null {
  if (mode === 'full') return 'asked';
  if (published === null || published.state !== 'computed') return 'nothing_computed';
  if (!keepsAllColumns(published) || !keepsMessages(published, definitions) || !keepsWeb(published, definitions))
    return 'fields_missing';
  if (!keepsCounted(published, definitions) || !keepsMarks(published, definitions)) return 'fields_missing';
  return keepsKeys(published, definitions) ? null : 'counted_once_changed';
}

/** The same of a generation as it lies in a data folder. */
export async function whyFullIn(
  dataDir: string,
  mode: GenerationManifest['mode'],
  published: GenerationManifest | null,
  definitions: Definitions,
): Promise<FullReason | null> {
  const because = whyFull(mode, published, definitions);
  return because === null && published !== null && (await lacksErasures(dataDir, published)) ? 'erased_since' : because;
}

/** Reading fewer events again is never much work. */
export const WEIGH_FROM_ROWS = 100_000;
/** Nor is reading less than this part of the archive again. */
const WEIGHED_FROM = 1 / 8;
/** Where more than this part of the touches and conversions lies near events that corrections change, a full run is cheaper (compute/weigh.ts). */
const FULL_ABOVE = 0.3;

type Base = Pick<GenerationManifest, 'counts'>;

/** Whether the run asks how much changed corrections concern, before it computes. */
export function mayBeFull(reread: Reread | undefined, { counts }: Base, fromRows = WEIGH_FROM_ROWS): boolean {
  const rows = (reread?.files.flat() ?? []).reduce((sum, file) => sum + file.rows, 0);
  return rows >= fromRows && rows > counts.events * WEIGHED_FROM;
}

/** `near`: of all touches and conversions, 0 to 1. */
export function isFullCheaper(near: number): boolean {
  return near > FULL_ABOVE;
}
