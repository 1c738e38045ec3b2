/** Days of which a generation may lack events: they were retired from the archive before it was computed from nothing. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { wholeFrom } from '@tributary/archive/retention/plan';
import type { Definitions } from '@tributary/model/definitions';
import type { LoadedGeneration } from '../generations/loaded.ts';
import type { Days } from '../merge.ts';
import type { GenerationSource } from '../ports.ts';
import type { Asked } from '../when-ready.ts';

type Whole = Pick<GenerationManifest, 'generation' | 'wholeFromMs'> | null;

/** What an answer about instants from `fromMs` on lacks; null: it begins with the first. */
export function retiredSince(manifest: Whole, fromMs: number | null): string[] {
  const { generation, wholeFromMs } = manifest ?? {};
  if (wholeFromMs === undefined || (fromMs !== null && fromMs >= wholeFromMs)) return [];
  const since =
    generation === 0 ? 'and no generation that is left has them' : `before generation ${generation} was computed from it`;
  return [
    `what happened before ${new Date(wholeFromMs).toISOString()} may lack events: they were retired from the archive ${since}; later days are whole`,
  ];
}

/** Without a generation real time has all that it read. If generations were lost, that is what is left of the archive. */
export async function wholeOf(
  source: Pick<GenerationSource, 'retiredBefore'>,
  { generation, manifest }: Pick<LoadedGeneration, 'generation' | 'manifest'>,
  definitions: Definitions,
): Promise<Whole> {
  const before = manifest === null ? ((await source.retiredBefore?.()) ?? null) : null;
  return before === null ? manifest : { generation, wholeFromMs: wholeFrom(before, definitions) };
}

export interface RetiredDays {
  /** The same, where each question is noted by its days. */
  watched<S extends Asked>(own: S): S;
  /** What the answer lacks, as far as was asked until now. */
  lacks(): readonly string[];
}

/** `manifest`: null where rows of the speed layer alone count beside a generation: they came after its cut, and what came after the oldest cut is never retired. */
export function retiredDays(manifest: Whole): RetiredDays {
  let lacking: readonly string[] = [];
  const note = ({ fromDay }: Days) => {
    const own = retiredSince(manifest, fromDay === null ? null : Date.parse(fromDay));
    if (own.length > 0) lacking = own;
  };
  return {
    watched: (own) => ({
      ...own,
      project(view, selection) {
        note(selection.days);
        return own.project(view, selection);
      },
      collect(view, collection) {
        note(collection.days);
        return own.collect(view, collection);
      },
    }),
    lacks: () => lacking,
  };
}
