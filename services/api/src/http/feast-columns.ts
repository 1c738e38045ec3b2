/** Values of definitions as the columns of a Feast answer: one a feature, over the users in the order asked. */
import { TributaryError } from '@tributary/model/errors';
import { type Column, columnsOf } from '@tributary/signals/columns';
import type { SignalSet } from '@tributary/signals/definitions/read';
import type { SignalValue } from '@tributary/signals/value';
import type { Feature } from './feast-query.ts';
import type { AnsweredUser, ValuesForm } from './find-values.ts';

/** The join key, and who has no event, have no instant. */
const EPOCH = '"1970-01-01T00:00:00Z"';

/** The cells of one user by feature; undefined: 64 bits do not hold it; null: it is not known. */
interface KeptCells {
  readonly cells: readonly (string | undefined | null)[];
  /** Places of features whose cells grow with `asOf`. */
  readonly growing: readonly number[];
}

export interface Columns extends ValuesForm<KeptCells> {
  /** The objects of `results`, with the join key first. `entities`: as JSON. */
  results(entities: readonly string[]): string[];
  /** Values so far that 64 bits do not hold. */
  tooLarge(): number;
}

/**
 * `names`: of the definitions, in the order of each user's values. `sets`: those of owners who answer for users may come later. Throws `invalid_query` where
 * a definition has no such column.
 */
export function createColumns(
  sets: ReadonlyMap<number, SignalSet>,
  features: readonly Feature[],
  names: readonly string[],
): Columns {
  const places = features.map(({ definition }) => names.indexOf(definition));
  const bySet = new Map<SignalSet | undefined, readonly (Column | undefined)[]>();
  const columnsIn = (partition: number) => {
    const set = sets.get(partition);
    let columns = bySet.get(set);
    if (columns === undefined) bySet.set(set, (columns = features.map((feature) => set && columnOf(set, feature))));
    return columns;
  };
  const asked = [...sets.keys()].map(columnsIn);
  for (const [i, { column }] of features.entries())
    if (!asked.some((columns) => columns[i] !== undefined))
      throw new TributaryError(
        'invalid_query',
        `features must name a definition, or when a user entered a segment, such as "planner.since" (got ${JSON.stringify(column)})`,
      );
  const values = features.map((): string[] => []);
  const statuses = features.map((): string[] => []);
  const instants: string[] = [];
  let tooLarge = 0;

  /** `cellOf`: the text of the value of a feature; undefined: 64 bits do not hold it; null: it is not known. */
  const put = (user: AnsweredUser, cellOf: (feature: number) => string | undefined | null): number => {
    const { isPresent, isBehind, newestTs } = user;
    const instant = newestTs < 0 ? EPOCH : `"${new Date(newestTs).toISOString()}"`;
    instants.push(instant);
    let bytes = features.length * (instant.length + STATUS_BYTES);
    for (let i = 0; i < features.length; i++) {
      const cell = cellOf(i);
      const isKnown = cell !== null;
      const text = isPresent && isKnown && !isBehind ? cell : NULL;
      (values[i] as string[]).push(text ?? NULL);
      (statuses[i] as string[]).push(
        !isPresent ? '"NOT_FOUND"' : isKnown && isBehind ? OUTSIDE_MAX_AGE : statusOf(isKnown ? text : undefined),
      );
      bytes += (text ?? NULL).length;
      if (text === undefined) tooLarge++;
    }
    return bytes;
  };
  /** Those of the last user. */
  let cells: (string | undefined | null)[] = [];
  let growing: number[] = [];

  return {
    add(user) {
      const columns = columnsIn(user.partition);
      cells = places.map((place, i) => {
        const column = columns[i];
        const found = user.values[place];
        return found?.status === 'READY' && column !== undefined ? cellText(column, found.value) : null;
      });
      const { lasting } = user;
      if (lasting !== null && lasting.growing.length > 0)
        growing = [...places.keys()].filter((i) => cells[i] !== null && lasting.growing.includes(places[i] as number));
      else growing = [];
      return put(user, (i) => cells[i]);
    },
    kept: {
      name: `columns ${features.map(({ column }) => column).join()}`,
      made: () => ({
        made: { cells, growing },
        bytes: cells.reduce((sum, cell) => sum + BYTES_OF_UNIT * (cell?.length ?? 0) + CELL_BYTES, 0),
      }),
      again(user, made, laterMs) {
        const cellOf = (i: number) => {
          const cell = made.cells[i];
          return made.growing.includes(i) ? String(Number(cell) + laterMs) : cell;
        };
        return put(user, made.growing.length === 0 ? (i) => made.cells[i] : cellOf);
      },
    },
    results(entities) {
      const count = entities.length;
      const timestamps = instants.join(',');
      const key = resultText(
        entities.join(','),
        new Array(count).fill(PRESENT).join(','),
        new Array(count).fill(EPOCH).join(','),
      );
      return [key, ...values.map((own, i) => `,${resultText(own.join(','), (statuses[i] ?? []).join(','), timestamps)}`)];
    },
    tooLarge: () => tooLarge,
  };
}

const NULL = 'null';
const PRESENT = '"PRESENT"';
/** The log holds events that the value may lack: its readers see a value of an earlier moment otherwise, and not that it is one. */
const OUTSIDE_MAX_AGE = '"OUTSIDE_MAX_AGE"';
/** What the text of a cell takes beside its characters. */
const CELL_BYTES = 40;
/** A character of a text that has any beyond Latin-1. */
const BYTES_OF_UNIT = 2;
/** The most that one has, with the commas of status, value and instant. */
const STATUS_BYTES = 20;

/**
 * `text`: undefined: the value is not known, or too large for 64 bits. INVALID is a status of the SDK, which shows null. NULL_VALUE: no event gives
 * it a value.
 */
function statusOf(text: string | undefined): string {
  if (text === undefined) return '"INVALID"';
  return text === NULL ? '"NULL_VALUE"' : PRESENT;
}

function columnOf(set: SignalSet, { definition, column }: Feature): Column | undefined {
  const found = set.get(definition);
  return found && columnsOf(found).find(({ name }) => name === column);
}

/** JSON; undefined: an integer that 64 bits do not hold, at which the SDK fails as a whole. */
function cellText({ type, cell }: Column, value: SignalValue): string | undefined {
  const found = value === null ? null : cell(value);
  if (found === null) return NULL;
  if (typeof found === 'bigint') return BigInt.asIntN(64, found) === found ? String(found) : undefined;
  // The SDK takes the type of a number from how it is written.
  if (type === 'number' && Number.isInteger(found) && Math.abs(found as number) < 1e21) return `${found}.0`;
  return JSON.stringify(found);
}

function resultText(values: string, statuses: string, instants: string): string {
  return `{"values":[${values}],"statuses":[${statuses}],"event_timestamps":[${instants}]}`;
}
