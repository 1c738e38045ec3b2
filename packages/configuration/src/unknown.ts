/** Variables that look like settings and are none: a misspelt name would be ignored, and the platform would run otherwise than meant. */
import { nearestName } from '@tributary/runtime/config/nearest-name';
import { type Environment, environmentName } from '@tributary/runtime/config/read-config';
import { quoted } from '@tributary/runtime/config/setting';
import { ROLE_SETTINGS } from './role-settings.ts';

const PREFIX = 'TRIBUTARY_';

/** What the command line, the compose file and the tests read. */
const OTHER_NAMES = ['URL', 'COLLECTOR_URL', 'KEY', 'READ_KEY', 'WRITE_KEY', 'ADMIN_KEY', 'REDIS_PASSWORD', 'DEMAND_ALL'].map(
  (name) => `${PREFIX}${name}`,
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

export function unknownSettings(env: Environment): UnknownSetting[] {
  const known = new Set([...settingNames(), ...OTHER_NAMES]);
  return Object.keys(env)
    .filter((name) => /^TRIBUTARY_/i.test(name) && !known.has(name) && !OF_A_CLUSTER.test(name))
    .sort()
    .map((name) => ({ name, nearest: nearestName(name.toUpperCase(), known, PREFIX.length) }));
}

/** A name that is like one of ours was meant to be it: nothing must start. Any other may belong to another program. */
export function judgeUnknown(env: Environment): { readonly troubles: readonly string[]; readonly notes: readonly string[] } {
  const unknown = unknownSettings(env);
  return {
    troubles: unknown.filter(({ nearest }) => nearest !== undefined).map(unknownSentence),
    notes: unknown.filter(({ nearest }) => nearest === undefined).map(unknownSentence),
  };
}

export function unknownSentence({ name, nearest }: UnknownSetting): string {
  const fix = nearest === undefined ? 'Leave it out; --help of each role lists all.' : `Did you mean ${nearest}?`;
  return `${/^\w{1,100}$/.test(name) ? name : quoted(name)} is not a setting. ${fix}`;
}
