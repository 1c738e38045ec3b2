/** The manifest of a generation that a run begins, as tests need one. */
import type { GenerationManifest } from '@tributary/archive/layout';

type Draft = Omit<GenerationManifest, 'generation'>;

/** Nothing is computed of it yet. `json`: of the definitions, and their `version`. */
export function pendingGeneration(
  { json, version }: { readonly json: string; readonly version: string },
  changes: Partial<Draft> = {},
): Draft {
  return {
    state: 'pending',
    mode: 'full',
    base: null,
    definitions: json,
    definitionsVersion: version,
    reason: 'test',
    createdAt: 1,
    computedAt: null,
    lastSegment: [],
    cut: [],
    views: {},
    events: [],
    conversions: [],
    counts: { events: 0, newEvents: 0, duplicates: 0 },
    ...changes,
  };
}
