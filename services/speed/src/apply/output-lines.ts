/** Which lines an arrival leaves for the output log: decided here alone, whether keys of one person are joined or not. */
import type { Definitions } from '@tributary/model/definitions';
import { isMessageType } from '@tributary/model/identity/message-line';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import type { ConvertingPath } from '@tributary/views/journeys/lenses';
import { attributedLine, enrichedLine, erasedLine, takenBackLine } from '@tributary/views/outputs/lines';
import type { StepOutcome } from '@tributary/views/step';
import type { TimelineEvent } from '@tributary/views/timeline';
import type { Arrival } from '../read/decode.ts';
import type { ApplyOptions } from './effects.ts';

/**
 * Adds them to `outputs`. `outcomes`: of the events that entered or left the timeline because of the arrival, its own first; none where it counts
 * for another key. An event whose copy would not be recognised leaves no line of its own: it would leave one with each copy (law 3).
 */
export function leaveOutputs(
  outputs: string[],
  { userKey, line }: Pick<Arrival, 'userKey' | 'line'>,
  event: KeptFields,
  outcomes: readonly StepOutcome[],
  { definitions, limits, sha256Hex }: Pick<ApplyOptions, 'limits' | 'sha256Hex'> & { readonly definitions: Definitions },
): void {
  if (limits.outputs === 'none') return;
  for (const said of newestOf(outcomes))
    outputs.push(
      'by' in said
        ? takenBackLine(userKey, event, said, definitions, sha256Hex)
        : attributedLine(userKey, event, said, definitions, sha256Hex),
    );
  const [own] = outcomes;
  if (limits.outputs !== 'all' || own === undefined || isMessageType(event.type)) return;
  const { fate, remembered, isRepetition = false } = own;
  if (fate !== 'duplicate' && remembered)
    outputs.push(enrichedLine(userKey, event, line, { late: fate === 'late', isRepetition }, definitions));
}

/**
 * Each record that erases a user leaves a line, whatever is known of them: who listens may hold what is gone here. It is made of the record alone, so
 * another history leaves the same one. `isAgain`: the record may be gone, and the user was found in a store that was put back (erase-restored.ts).
 */
export function leaveErased(
  outputs: string[],
  { userKey, event, position, lineNumber }: Pick<Arrival, 'userKey' | 'event' | 'position' | 'lineNumber'>,
  { limits, sha256Hex, isAgain = false }: Pick<ApplyOptions, 'limits' | 'sha256Hex' | 'isAgain'>,
): void {
  if (limits.outputs === 'none') return;
  const at = isAgain ? `restored at ${position}` : `${position}.${lineNumber}`;
  outputs.push(erasedLine(userKey, Math.floor(event.ts), at, sha256Hex));
}

type Said = ConvertingPath | { readonly by: 'repeated' | 'moved'; readonly conversion: TimelineEvent };

/** The last that is to be said of each conversion: where one arrival moves several events, each of them may say something of it, and a line has one name. */
function newestOf(outcomes: readonly StepOutcome[]): Iterable<Said> {
  const all: Said[] = [];
  for (const { attributed, takenOver, moved } of outcomes) {
    if (moved !== undefined) all.push({ by: 'moved', conversion: moved });
    if (takenOver !== undefined) all.push({ by: 'repeated', conversion: takenOver });
    for (const seen of attributed) all.push(seen);
  }
  return outcomes.length === 1 ? all : new Map(all.map((said) => [said.conversion.id, said])).values();
}
