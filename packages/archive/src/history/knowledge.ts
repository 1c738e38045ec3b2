/** Which events values of the past are made of. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';

/**
 * `event`: all events count that happened before the instant. `served`: of these only the ones that the API knew of when it answered: up to the
 * position that the answer names, or, of a row without one, those that were received before the instant.
 */
export const KNOWLEDGE = ['event', 'served'] as const;
export type Knowledge = (typeof KNOWLEDGE)[number];

/** Throws `conflict`. Which messages between keys a position covers is not known: each partition has its own. */
export function demandOwnKeys({ joinedMs }: Pick<Definitions, 'joinedMs'>, knowledge: Knowledge): void {
  if (knowledge !== 'served' || joinedMs === null) return;
  const message =
    'knowledge must be event where keys of one person are joined by "identity" (got "served"): events move between partitions there. Ask with event';
  throw new TributaryError('conflict', message);
}
