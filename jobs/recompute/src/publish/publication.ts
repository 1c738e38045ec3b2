/** Which generation readers take: facts, a pure decision, one compare-and-set. */

import type { Publication } from '@tributary/archive/layout';
import { publish, readPublications } from '@tributary/archive/publications';
import { keptWith } from '@tributary/archive/retire';
import { TributaryError } from '@tributary/model/errors';
import { highestSequence } from '../numbers.ts';
import type { RunPorts } from '../ports.ts';
import type { Begun, Run, RunOutcome } from '../run.ts';

/** The newest publications that show whether a generation was ever published; a run does not outlast more. */
export const NEWEST_PUBLICATIONS = 100;

export interface PublicationFacts {
  readonly generation: number;
  readonly scheduled: boolean;
  /** The newest publication when the run began, 0 for none. */
  readonly expectedSequence: number;
  /** Oldest first. */
  readonly publications: readonly Publication[];
}

/** `publish`, or why not: it was already; a rollback holds; somebody else published since the run began. */
export function decidePublication(facts: PublicationFacts): 'publish' | Exclude<RunOutcome['published'], 'published'> {
  const current = facts.publications.at(-1);
  if (facts.publications.some(({ generation, action }) => generation === facts.generation && action === 'publish'))
    return 'already';
  if (current?.held && facts.scheduled) return 'held';
  if ((current?.sequence ?? 0) !== facts.expectedSequence) return 'overtaken';
  return 'publish';
}

export async function publishRun(run: Run, begun: Begun, ports: RunPorts): Promise<RunOutcome['published']> {
  // The pointer before the files: what it names is among them, or was lost.
  const above = await highestSequence(ports);
  const decision = decidePublication({
    generation: begun.generation,
    scheduled: run.scheduled,
    expectedSequence: begun.sequence,
    publications: await readPublications(ports.dataDir, NEWEST_PUBLICATIONS),
  });
  if (decision !== 'publish') return decision;
  try {
    const { generation } = begun;
    const kept = await keptWith(ports.dataDir, generation, ports.limits.keepGenerations);
    const draft = { generation, action: 'publish', held: false, at: ports.now(), by: run.reason, kept } as const;
    await publish(ports.dataDir, begun.sequence, draft, above);
    return 'published';
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'conflict') return 'overtaken';
    throw error;
  }
}
