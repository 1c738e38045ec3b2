/** The shape of the rule "custom" as people write it. */
import { TributaryError } from '@tributary/model/errors';
import type { Ends } from './weights.ts';

/**
 * `30,10..10,30`: whole percent of the first touches, then of the last ones, each list in the order of the path; either side may be
 * empty. Throws `invalid_query`.
 */
export function parseCustom(text: string): Ends {
  const [head, tail, ...more] = text.split('..');
  if (head === undefined || tail === undefined || more.length > 0)
    refuse(`custom must be FIRST,SECOND..LAST in percent, such as 30,10..10,30 (got "${text}")`);
  const shape = { head: percents(head, text), tail: percents(tail, text) };
  const sum = [...shape.head, ...shape.tail].reduce((total, percent) => total + percent, 0);
  if (sum > 100)
    refuse(`custom must be parts that sum to at most 100 % (got ${sum} %): what is left goes to the touches between`);
  return shape;
}

function percents(text: string, whole: string): number[] {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => !/^\d{1,3}$/.test(part)))
    refuse(`custom must be whole percents such as 30,10..10,30 (got "${whole}")`);
  return parts.map(Number);
}

function refuse(why: string): never {
  throw new TributaryError('invalid_query', why);
}
