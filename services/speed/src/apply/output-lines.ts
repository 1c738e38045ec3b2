/** Which lines an arrival leaves for the output log: decided here alone, whether keys of one person are joined or not. */
import type { Definitions } from '@tributary/model/definitions';
import { isMessageType } from '@tributary/model/identity/message-line';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import { attributedLine, enrichedLine, repeatedLine } from '@tributary/views/outputs/lines';
import type { StepOutcome } from '@tributary/views/step';
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
  for (const { attributed, takenOver } of outcomes) {
    if (takenOver !== undefined) outputs.push(repeatedLine(userKey, event, takenOver, definitions, sha256Hex));
    for (const seen of attributed) outputs.push(attributedLine(userKey, event, seen, definitions, sha256Hex));
  }
  const [own] = outcomes;
  if (limits.outputs !== 'all' || own === undefined || isMessageType(event.type)) return;
  const { fate, remembered, isRepetition = false } = own;
  if (fate !== 'duplicate' && remembered)
    outputs.push(enrichedLine(userKey, event, line, { late: fate === 'late', isRepetition }, definitions));
}
