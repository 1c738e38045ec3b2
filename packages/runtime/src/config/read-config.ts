/**
 * Configuration: one typed table per service, from which the values, `--help` and the environment names come.
 * A flag (`--collector-port 7400`) wins over the environment (`TRIBUTARY_COLLECTOR_PORT`), which wins over the default. A value
 * that is empty or blank is not given: a compose file or a manifest writes it for a variable that is not set.
 */
import { TributaryError } from '@tributary/model/errors';
import { quoted, readValue, type Setting, sentence, type Value } from './setting.ts';

export type ConfigTable = Readonly<Record<string, Setting>>;

interface ValueOf {
  string: string;
  int: number;
  bool: boolean;
}
export type Config<T extends ConfigTable> = { readonly [K in keyof T]: ValueOf[T[K]['type']] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every setting of the table. Throws `invalid_config` with a sentence for each setting that is wrong, one a line. */
export function readConfig<T extends ConfigTable>(name: string, table: T, env: Environment, argv: readonly string[]): Config<T> {
  const { values, troubles } = examine(name, table, env, argv);
  if (troubles.length > 0) throw new TributaryError('invalid_config', troubles.join('\n'));
  return values as Config<T>;
}

/** What is wrong with the settings of a table, as sentences that name the setting, the rule, the value and the fix. */
export function examine(
  name: string,
  table: ConfigTable,
  env: Environment,
  argv: readonly string[],
): { readonly values: Readonly<Record<string, Value>>; readonly troubles: readonly string[] } {
  const flags = readFlags(name, table, argv);
  const values: Record<string, Value> = {};
  const troubles: string[] = [];
  const given = Object.entries(table).map(([key, setting]) => {
    const flag = textOf(flags.get(key));
    const text = flag ?? textOf(env[environmentName(key)]);
    return { key, setting, text, source: flag === undefined ? environmentName(key) : flagName(key) };
  });
  for (const { key, setting, text, source } of given) {
    const read = text === undefined ? { value: setting.default } : readValue(setting, text);
    if ('value' in read) values[key] = read.value;
    else troubles.push(sentence(source, read, setting, text ?? ''));
  }
  if (troubles.length > 0) return { values, troubles };
  for (const { key, setting, text, source } of given) {
    const value = values[key] ?? setting.default;
    const trouble = setting.beside?.(value, values);
    if (trouble !== undefined) troubles.push(sentence(source, trouble, setting, text ?? String(value)));
  }
  return { values, troubles };
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

function textOf(text: string | undefined): string | undefined {
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
    if (key === undefined)
      throw wrong(
        // What stands behind "=" may be a password.
        `an argument of ${name} must be one of its settings (got ${quoted(flag)}). Leave it out; --help lists all.`,
      );
    if (flags.has(key)) throw wrong(`${flag} must be given once (got it twice). Leave one of them out.`);
    if (equals >= 0) flags.set(key, argument.slice(equals + 1));
    else if (table[key]?.type === 'bool') flags.set(key, 'true');
    else {
      const value = argv[++i];
      if (value === undefined) throw wrong(`${flag} must have a value (got none). Write it after the flag.`);
      flags.set(key, value);
    }
  }
  return flags;
}

function wrong(message: string): TributaryError {
  return new TributaryError('invalid_config', message);
}
