/** `ff239aee7b15 since 2026-11-20 09:30:00Z, sent with a run (demand by ops); the file differs in conversions`. */
import type { AnswerOf } from '../api-types.ts';
import { instant } from '../terminal/figures.ts';

type InForce = NonNullable<AnswerOf<'status'>['definitionsInForce']>;

const FROM = { run: 'sent with a run', file: 'from the file', 'built-in': 'built into the program' } as const;
/** Keys of the file that are named. */
const NAMED = 5;

export function definitionsLine({ version, source, reason, since, fileDiffers }: InForce): string {
  const when = since === null ? '' : ` since ${instant(since)}`;
  const why = source === null ? '' : `, ${FROM[source]}${reason === null ? '' : ` (${reason})`}`;
  return `${version}${when}${why}${difference(fileDiffers)}`;
}

function difference(keys: InForce['fileDiffers']): string {
  if (keys === null || keys.length === 0) return '';
  const more = keys.length - NAMED;
  return `; the file differs in ${keys.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
