/** Whether a run can build on a generation, decided for the run itself and for its plan. */
import type { Definitions } from '@tributary/model/definitions';
import { keepsAllColumns, keepsKeys, keepsMessages } from '../compute/relations.ts';
import type { GenerationManifest } from '../layout.ts';

/**
 * Why a run computes all of the archive.
 * - `asked`: it was asked for a full one.
 * - `nothing_computed`: no generation is published, or its files are gone.
 * - `fields_missing`: the events of the published one lack a field that this version keeps, or messages between keys that are joined now.
 * - `counted_once_changed`: the definitions count conversions once by a key that its events were not read for.
 */
export type FullReason = 'asked' | 'nothing_computed' | 'fields_missing' | 'counted_once_changed';

/** null: the run builds on `published`. */
export function whyFull(
  mode: GenerationManifest['mode'],
  published: GenerationManifest | null,
  definitions: Definitions,
): FullReason | null {
  if (mode === 'full') return 'asked';
  if (published === null || published.state !== 'computed') return 'nothing_computed';
  if (!keepsAllColumns(published) || !keepsMessages(published, definitions)) return 'fields_missing';
  return keepsKeys(published, definitions) ? null : 'counted_once_changed';
}
