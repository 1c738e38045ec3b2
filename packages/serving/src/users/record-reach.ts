/** How far back records are kept by a speed layer of this version: answers about users promise as much. */
import type { Definitions } from '@tributary/model/definitions';
import { recordRetentionMs } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { retentionOf } from '@tributary/views/user-state';

const known = new WeakMap<Definitions, number>();

/** ms before log time. Remembered: each request for signals asks. */
export function recordReachMs(definitions: Definitions): number {
  const before = known.get(definitions);
  if (before !== undefined) return before;
  const reachMs = recordRetentionMs({ definitions, retention: retentionOf(VIEWS, definitions) });
  known.set(definitions, reachMs);
  return reachMs;
}
