/** Variables that look like settings and are none: a misspelt name would be ignored, and the platform would run otherwise than meant. */
import { type ConfigTable, type Environment, environmentName } from '../config/read-config.ts';
import { ROLE_SETTINGS } from './roles.ts';

/** What the command line, the compose file and the tests read. */
const OTHER_NAMES = ['URL', 'COLLECTOR_URL', 'KEY', 'READ_KEY', 'WRITE_KEY', 'ADMIN_KEY', 'REDIS_PASSWORD', 'DEMAND_ALL'].map(
  (name) => `TRIBUTARY_${name}`,
);

/** A cluster writes these for each of its services (Docker's links likewise). */
const OF_A_CLUSTER = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP)(?:_\w+)?$/;

export function settingNames(): ReadonlySet<string> {
  return new Set(Object.values(ROLE_SETTINGS).flatMap((table) => Object.keys(table).map(environmentName)));
}

export interface UnknownSetting {
  readonly name: string;
  /** The known name that it is most like; undefined where it is like none. */
  readonly nearest: string | undefined;
}

/** `own`: settings of the program that asks, where it is none of the roles. */
export function unknownSettings(env: Environment, own: ConfigTable = {}): UnknownSetting[] {
  const known = new Set([...settingNames(), ...Object.keys(own).map(environmentName), ...OTHER_NAMES]);
  return Object.keys(env)
    .filter((name) => /^TRIBUTARY_/i.test(name) && !known.has(name) && !OF_A_CLUSTER.test(name))
    .sort()
    .map((name) => ({ name, nearest: nearestOf(name.toUpperCase(), known) }));
}

export function unknownSentence({ name, nearest }: UnknownSetting): string {
  const fix = nearest === undefined ? 'Leave it out; --help of each role lists all.' : `Did you mean ${nearest}?`;
  return `${name} is not a setting. ${fix}`;
}

/** The name of `known` that is apart in a third of the letters at most. */
export function nearestName(name: string, known: ReadonlySet<string>): string | undefined {
  return nearestOf(name, known, 0);
}

/** Apart in a third of the letters after the prefix at most. */
function nearestOf(name: string, known: ReadonlySet<string>, prefix = 'TRIBUTARY_'.length): string | undefined {
  const near = [...known]
    .map((other) => ({ other, distance: distanceOf(name, other) }))
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))[0];
  const bound = Math.max(1, Math.floor((name.length - prefix) / 3));
  return near !== undefined && near.distance <= bound ? near.other : undefined;
}

/** Levenshtein: letters to put in, take out or change. */
export function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
