/**
 * What an event counts as: the one function that both layers ask where an event becomes a member of a timeline.
 *
 * Every condition looks at the event as it was sent, so none depends on another. Where several hold, a drop wins; else each sets what it
 * names, in the order of the file, so that of two that set one field the last one has it. What is not named stays: the currency always does.
 */
import { APPLIED, type AppliedCorrections, type CORRECTED_FIELDS, type Correction } from '@tributary/model/corrections';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { correctionsOf } from '../definitions/corrections.ts';

export type CorrectedFields = { -readonly [Field in (typeof CORRECTED_FIELDS)[number]]?: Event[Field] };

/** What corrections make of one event. */
export interface Corrected {
  /** In the order of the file. */
  readonly by: readonly Correction[];
  /** It does not count. Its id stays seen: what is sent again under it is a duplicate. */
  readonly isDropped: boolean;
  /** What it has in place of what was sent. */
  readonly fields: CorrectedFields;
}

/** Whether an event of this instant has to be asked about: then it must be given whole. */
export function mayBeCorrected(ts: number, { correctedSpan }: Pick<Definitions, 'correctedSpan'>): boolean {
  return correctedSpan !== null && ts >= correctedSpan.fromMs && ts < correctedSpan.toMs;
}

/** `event`: whole, or with the corrections that were applied to it before. Undefined: it counts as it is. */
export function correct(event: Event & AppliedCorrections, definitions: Definitions): Corrected | undefined {
  if (!mayBeCorrected(event.ts, definitions)) return undefined;
  const { all, byName } = correctionsOf(definitions);
  const applied = event[APPLIED];
  const by =
    applied === undefined
      ? all
          .filter(({ fromMs, toMs, holds }) => event.ts >= fromMs && event.ts < toMs && holds(event))
          .map((one) => one.correction)
      : applied.flatMap((name) => byName.get(name) ?? []);
  return by.length === 0 ? undefined : { by, isDropped: by.some(({ drop }) => drop === true), fields: setBy(by) };
}

function setBy(by: readonly Correction[]): CorrectedFields {
  const fields: CorrectedFields = {};
  for (const { set, value } of by) {
    if (set !== undefined) Object.assign(fields, set);
    if (value !== undefined) fields.value = value;
  }
  return fields;
}
