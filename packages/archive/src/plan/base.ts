/** Whether a run can build on a generation, decided for the run itself and for its plan. */
import type { Definitions } from '@tributary/model/definitions';
import { keepsAllColumns, keepsCorrections, keepsKeys } from '../compute/relations.ts';
import type { GenerationManifest } from '../layout.ts';

/**
 * Why a run computes all of the archive.
 * - `asked`: it was asked for a full one.
 * - `nothing_computed`: no generation is published, or its files are gone.
 * - `fields_missing`: the events of the published one lack a field that this version keeps.
 * - `counted_once_changed`: the definitions count conversions once by a key that its events were not read for.
 * - `corrections_changed`: its events are corrected otherwise.
 */
export type FullReason = 'asked' | 'nothing_computed' | 'fields_missing' | 'counted_once_changed' | 'corrections_changed';

/** null: the run builds on `published`. */
export function whyFull(
  mode: GenerationManifest['mode'],
  published: GenerationManifest | null,
  definitions: Definitions,
): FullReason | null {
  if (mode === 'full') return 'asked';
  if (published === null || published.state !== 'computed') return 'nothing_computed';
  if (!keepsAllColumns(published)) return 'fields_missing';
  if (!keepsKeys(published, definitions)) return 'counted_once_changed';
  return keepsCorrections(published, definitions) ? null : 'corrections_changed';
}
