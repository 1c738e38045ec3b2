/**
 * Configuration: one typed table per service, from which the values, `--help` and the environment names come.
 * A flag (`--collector-port 7400`) wins over the environment (`TRIBUTARY_COLLECTOR_PORT`), which wins over the default. A value
 * that is empty or blank is not given: a compose file or a manifest writes it for a variable that is not set.
 */
import { TributaryError } from '@tributary/model/errors';

interface Described {
  /** What the number counts: `ms`, `bytes`, `port`, … A port is checked to lie in 0..65535. */
  readonly unit?: string;
  readonly why: string;
}
export type Setting =
  | (Described & {
      readonly type: 'string';
      readonly default: string;
      readonly oneOf?: readonly string[];
      /** What is wrong with a text, as the end of a sentence; it must not quote a password. */
      readonly wrong?: (text: string) => string | undefined;
    })
  | (Described & { readonly type: 'int'; readonly default: number; readonly min?: number; readonly max?: number })
  | (Described & { readonly type: 'bool'; readonly default: boolean });

export type ConfigTable = Readonly<Record<string, Setting>>;

interface ValueOf {
  string: string;
  int: number;
  bool: boolean;
}
export type Config<T extends ConfigTable> = { readonly [K in keyof T]: ValueOf[T[K]['type']] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every setting of the table. Throws `invalid_config` that names the setting, its source and its value. */
export function readConfig<T extends ConfigTable>(name: string, table: T, env: Environment, argv: readonly string[]): Config<T> {
  const flags = readFlags(name, table, argv);
  const values: Record<string, string | number | boolean> = {};
  for (const [key, setting] of Object.entries(table)) {
    const flag = given(flags.get(key));
    const text = flag ?? given(env[environmentName(key)]);
    const source = flag === undefined ? environmentName(key) : flagName(key);
    values[key] = text === undefined ? setting.default : parse(setting, text, `${name}: ${source}`);
  }
  return values as Config<T>;
}

/** `collectorPort` → `TRIBUTARY_COLLECTOR_PORT`. */
export function environmentName(key: string): string {
  return `TRIBUTARY_${key.replace(/([A-Z])/g, '_$1').toUpperCase()}`;
}

/** `collectorPort` → `--collector-port`. */
export function flagName(key: string): string {
  return `--${key.replace(/([A-Z])/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

/** The table as text for `--help`. */
export function helpText(name: string, table: ConfigTable): string {
  const rows = Object.entries(table).map(([key, setting]) => {
    const unit = setting.unit === undefined ? '' : ` ${setting.unit}`;
    const fallback = setting.default === '' ? '""' : String(setting.default);
    return { flag: `${flagName(key)} <${setting.type}>`, env: environmentName(key), text: `${setting.why} [${fallback}${unit}]` };
  });
  const flagWidth = Math.max(...rows.map((row) => row.flag.length));
  const envWidth = Math.max(...rows.map((row) => row.env.length));
  const lines = rows.map((row) => `  ${row.flag.padEnd(flagWidth)}  ${row.env.padEnd(envWidth)}  ${row.text}`);
  return [`${name}: every setting as a flag or an environment variable [default]`, ...lines, ''].join('\n');
}

function given(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

function readFlags(name: string, table: ConfigTable, argv: readonly string[]): Map<string, string> {
  const keys = new Map(Object.keys(table).map((key) => [flagName(key), key]));
  const flags = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--help' || argument === '-h') continue;
    const equals = argument.indexOf('=');
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const key = keys.get(flag);
    if (key === undefined) throw wrong(`${name}: unknown argument ${JSON.stringify(argument)}`);
    if (equals >= 0) flags.set(key, argument.slice(equals + 1));
    else if (table[key]?.type === 'bool') flags.set(key, 'true');
    else {
      const value = argv[++i];
      if (value === undefined) throw wrong(`${name}: ${flag} needs a value`);
      flags.set(key, value);
    }
  }
  return flags;
}

/** By unit. A timer of Node that is set to more milliseconds than fit into 31 bits fires after one. */
const MOST: Readonly<Record<string, number>> = { port: 65_535, ms: 2_147_483_647, bytes: 2 ** 40, MiB: 2 ** 20 };
/** Of whatever else is counted. */
const MOST_COUNTED = 1_000_000_000;

function parse(setting: Setting, text: string, where: string): string | number | boolean {
  if (setting.type === 'string') {
    if (setting.oneOf !== undefined && !setting.oneOf.includes(text))
      throw wrong(`${where} must be one of ${setting.oneOf.join(', ')} (got ${JSON.stringify(text)})`);
    const trouble = setting.wrong?.(text);
    if (trouble !== undefined) throw wrong(`${where} ${trouble}`);
    return text;
  }
  if (setting.type === 'bool') {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    throw wrong(`${where} must be true or false (got ${JSON.stringify(text)})`);
  }
  const min = setting.min ?? 0;
  const max = setting.max ?? MOST[setting.unit ?? ''] ?? MOST_COUNTED;
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw wrong(`${where} must be a whole number from ${min} to ${max} (got ${JSON.stringify(text)})`);
  return value;
}

function wrong(message: string): TributaryError {
  return new TributaryError('invalid_config', message);
}
