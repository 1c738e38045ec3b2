/** The manifest of a generation that a run begins, as tests need one. */
import { type GenerationManifest, NOTHING_COMPUTED } from '@tributary/archive/layout';

type Draft = Omit<GenerationManifest, 'generation'>;

/** Nothing is computed of it yet. `json`: of the definitions, and their `version`. */
export function pendingGeneration(
  { json, version }: { readonly json: string; readonly version: string },
  changes: Partial<Draft> = {},
): Draft {
  return {
    ...NOTHING_COMPUTED,
    mode: 'full',
    base: null,
    definitions: json,
    definitionsVersion: version,
    reason: 'test',
    createdAt: 1,
    ...changes,
  };
}
