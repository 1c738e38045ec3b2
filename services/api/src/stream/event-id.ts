/**
 * Where a listener stands in the output log, as the id of an event: a listener that names it again goes on right behind that event, in each partition.
 *
 *   <8 digits of the log's identity>.<digits of the parts of its positions>.<partition 0>.<partition 1>…
 *   a partition: the parts of its position in base 36, joined by "-"; empty: none yet; "~n": and n lines of the entry behind it
 */
import type { Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';

export interface Place {
  /** null: before the first entry. */
  readonly after: Position | null;
  /** Lines of what follows that were sent. */
  readonly lines: number;
}

export interface NamedPlaces {
  readonly log: string;
  readonly places: readonly Place[];
}

/** With 1024 partitions an id has 13 KB: what a header may have. */
const MOST_CHARACTERS = 16 * 1024;
const ID = /^[0-9a-f]{8}\.(?:[1-9]\d?(?:-[1-9]\d?)*)?(?:\.(?:[0-9a-z]{1,12}(?:-[0-9a-z]{1,12}){0,3})?(?:~[1-9]\d{0,5})?)+$/;

export function nameOfLog(identity: string): string {
  return sha256Hex(identity).slice(0, 8);
}

/** Positions of one log have parts of the same lengths. */
export function idOfPlaces(log: string, places: readonly Place[]): string {
  const known = places.find(({ after }) => after !== null)?.after;
  const widths = known?.split('-').map(({ length }) => length) ?? [];
  return `${log}.${widths.join('-')}.${places.map(textOf).join('.')}`;
}

function textOf({ after, lines }: Place): string {
  const parts =
    after === null
      ? ''
      : after
          .split('-')
          .map((part) => Number(part).toString(36))
          .join('-');
  return lines === 0 ? parts : `${parts}~${lines}`;
}

/** Throws `invalid_query` where it is not an id of a stream over that many partitions. */
export function placesOf(id: string, partitions: number): NamedPlaces {
  const [log = '', lengths = '', ...texts] = id.length <= MOST_CHARACTERS && ID.test(id) ? id.split('.') : [];
  const widths = lengths === '' ? [] : lengths.split('-').map(Number);
  const places = texts.map((text) => placeOf(text, widths));
  if (places.length === partitions && places.every((place) => place !== null)) return { log, places };
  throw new TributaryError(
    'invalid_query',
    `Last-Event-ID, or after, must be the id of an event of this stream, of ${partitions} partitions (got ${JSON.stringify(id.slice(0, 64))}). Leave it out to begin with what comes next.`,
  );
}

function placeOf(text: string, widths: readonly number[]): Place | null {
  const [position = '', lines = '0'] = text.split('~');
  if (position === '') return { after: null, lines: Number(lines) };
  const parts = position.split('-').map((part) => Number.parseInt(part, 36));
  if (parts.length !== widths.length) return null;
  const padded = parts.map((part, i) => String(part).padStart(widths[i] as number, '0'));
  const isRight = padded.every((part, i) => part.length === widths[i] && Number.isSafeInteger(parts[i]));
  return isRight ? { after: padded.join('-'), lines: Number(lines) } : null;
}
