/**
 * Messages between keys wait until every partition joins keys. The barriers that say so lie at different places: they are appended one by one, and a run
 * may die between them. A partition that read a message before its barrier would count it as an event, and lend nothing by it.
 */
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';

/** `definitionsOf`: those that each partition has come to, as JSON; null: it has come to none. */
export function onceJoined(
  log: Pick<EventLog, 'append'>,
  definitionsOf: () => Promise<readonly (string | null)[]>,
): Pick<EventLog, 'append'> {
  // For good: a run without `identity` is refused from then on.
  let areJoined = false;
  return {
    async append(partition, entry) {
      if (!areJoined) {
        const before = (await definitionsOf()).findIndex((definitions) => definitions === null || !joins(definitions));
        if (before >= 0)
          throw new TributaryError(
            'conflict',
            `partition ${before} does not join keys yet: it has not read the barrier of a generation with "identity". A recompute run appends it`,
          );
        areJoined = true;
      }
      return log.append(partition, entry);
    },
  };
}

function joins(definitions: string): boolean {
  return 'identity' in (JSON.parse(definitions) as object);
}
