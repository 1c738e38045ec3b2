/** Event types that a question names and no counted event has: a mistyped one would choose nothing, without a word. */

import { nearestName } from '@tributary/runtime/config/nearest-name';
import { remembered } from '@tributary/runtime/http/remembered';
import { OWN } from '@tributary/runtime/http/turns-of-keys';
import { settled } from '@tributary/runtime/wait';
import { type ServingContext, takeSnapshot } from '@tributary/serving/snapshot';
import { activity } from '@tributary/views/activity/fold';

/** As long as an answer waits for them. A look goes on: the next answer has what it finds. */
const LOOK_MS = 20;
/** Types are looked up again at most this often. */
const LOOKED_UP_MS = 1_000;
/** The nearest is looked for among at most this many types: each pair of names is compared letter by letter. */
const COMPARED = 200;
/** Unknown types that have a sentence each. */
const NAMED = 3;

/** Notes about the types of a question. What is known costs a look into a set; the rows are asked for others alone. */
export function createTypeNotes(context: ServingContext): (types: readonly string[]) => Promise<string[]> {
  let known: ReadonlySet<string> = new Set();
  const lookUp = remembered(
    async () => {
      const snapshot = await takeSnapshot(context, [activity], 'merged');
      const all = { days: { fromDay: null, toDay: null }, by: ['type'], equal: {} };
      const rows = await snapshot.ready(OWN, (ready) => ready.project(activity, all));
      known = new Set(rows.keys());
    },
    LOOKED_UP_MS,
    () => performance.now(),
  );
  return async (types) => {
    if (types.every((type) => known.has(type))) return [];
    // Without the rows nothing can be said of types; the answer itself needs none, and does not wait behind reports that read theirs.
    const isKnown = await settled(
      lookUp().then(
        () => true,
        () => false,
      ),
      LOOK_MS,
    );
    if (isKnown !== true) return [];
    const unknown = types.filter((type) => !known.has(type));
    const more = unknown.length - NAMED;
    return [
      ...unknown.slice(0, NAMED).map((type) => sentenceOf(type, known)),
      ...(more > 0 ? [`types that no event has: ${more} more`] : []),
    ];
  };
}

function sentenceOf(type: string, known: ReadonlySet<string>): string {
  const nearest = known.size > COMPARED ? undefined : nearestName(type, known);
  return `no event has the type ${JSON.stringify(type)}${nearest === undefined ? '' : `. Did you mean ${JSON.stringify(nearest)}?`}`;
}
