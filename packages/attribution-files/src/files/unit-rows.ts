/** What resampling draws: the users of a file with all their journeys, and the journeys of rows that name no user one by one. */
import { pathKey } from '@tributary/attribution/paths/weighted-path';
import type { Sample, UnitRow } from '@tributary/attribution/uncertainty/units';
import { InputFailure } from '@tributary/importing/failures';
import type { ScaledPath } from './journeys.ts';

/** Journeys of users, all in memory. */
const MOST_JOURNEYS = 2_000_000;
/** Beyond it values of one path are added up, and no interval of value is to be had. */
const MOST_VALUES = 1_000_000;

interface Alike {
  times: number;
  readonly journey: ScaledPath;
}

export function createUnitRows(file: string) {
  const users = new Map<string, ScaledPath[]>();
  const alike = new Map<string, Alike>();
  let journeys = 0;
  let hasSingleValues = true;

  function add(times: number, journey: ScaledPath): void {
    if (times === 0) return;
    const isSingle = alike.size < MOST_VALUES;
    if (!isSingle && journey.value !== 0) hasSingleValues = false;
    const key = `${pathKey(journey)}\n${journey.conversions}\n${isSingle ? journey.value / 10 ** journey.scale : ''}`;
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { times, journey });
    else known.times += times;
  }

  return {
    /** `user`: who had them; undefined: it is not known. */
    add(row: ScaledPath, user?: string): void {
      if (row.conversions + row.nulls === 0) return;
      if (user !== undefined) {
        journeys += 1;
        if (journeys > MOST_JOURNEYS) throw tooMany(file);
        const own = users.get(user);
        if (own === undefined) users.set(user, [row]);
        else own.push(row);
        return;
      }
      if (row.conversions > 1 && row.value !== 0) hasSingleValues = false;
      add(row.conversions, { ...row, conversions: 1, nulls: 0, value: row.value / row.conversions || 0 });
      add(row.nulls, { ...row, conversions: 0, nulls: 1, value: 0 });
    },
    /** Values at `decimals`. The kind is `user` only where each conversion named one: any other may be of a user who is there already. */
    end(decimals: number): Sample {
      const scaled = ({ scale, value, ...row }: ScaledPath) => ({ ...row, value: value * 10 ** (decimals - scale) });
      const rows: UnitRow[] = [...alike.values()].map(({ times, journey }) => ({ times, journeys: [scaled(journey)] }));
      for (const [user, own] of users) rows.push({ times: 1, user, journeys: own.map(scaled) });
      const lacksUsers = users.size > 0 && [...alike.values()].some(({ journey }) => journey.conversions > 0);
      return { kind: users.size > 0 && !lacksUsers ? 'user' : 'journey', rows, hasSingleValues, lacksUsers };
    },
  };
}

function tooMany(file: string): InputFailure {
  return new InputFailure({
    code: 'path_file_too_large',
    message: `${file} has more than ${MOST_JOURNEYS.toLocaleString('en')} journeys of users, too many to resample`,
    fix: 'Leave out --bootstrap, or the column of users (each journey is then drawn by itself).',
    kind: 'usage',
  });
}
