/** `tributary keys …`: the API keys of a data folder. Running services follow the file: a change holds within a second. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { parseDuration } from '@tributary/importing/events/instant';
import { MISNAMED } from '@tributary/importing/failures';
import { changeKeys, type KeyRecord, type KeyRules, keyFileOf, readKeys, SCOPES, type Scope } from '@tributary/runtime/keys/file';
import { originTrouble } from '@tributary/runtime/keys/origin';
import { createKey } from '@tributary/runtime/keys/ring';
import { Argument, type Command, Option } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { readJson } from '../json-text.ts';
import { instant } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';

interface CreateOptions {
  readonly name?: string;
  readonly expires?: string;
  readonly origin?: readonly string[];
  readonly type?: readonly string[];
  readonly rate?: string;
  readonly revenue?: boolean;
  readonly newFile?: boolean;
}

interface RotateOptions {
  readonly overlap: string;
  readonly expires?: string;
}

export function fillKeys(keys: Command, act: Act): void {
  keys
    .command('create')
    .description('make a key; it is shown once, only its hash is kept')
    .addArgument(new Argument('<scope>', 'what it may do').choices(SCOPES.filter((scope) => scope !== 'write')))
    .option('--name <text>', 'who uses it')
    .option('--expires <duration>', 'after how long it ends, such as 90d')
    .option('--origin <origin...>', 'web origins that may send with it, each in full: no wildcards')
    .option('--type <type...>', 'types of events that may be sent with it')
    .option('--rate <n>', 'events a second that each collector takes from it')
    .option('--revenue', 'a browser key may send value and cost')
    .option('--new-file', 'begin a key file where there is none')
    .action(act(create));
  keys.command('list').description('the keys, newest first').option('--all', 'revoked and expired ones too').action(act(list));
  keys.command('revoke').description('end a key now').argument('<id>', 'of "tributary keys list"').action(act(revoke));
  keys
    .command('rotate')
    .description('make a key like another, which ends a little later')
    .argument('<id>', 'of "tributary keys list"')
    .addOption(new Option('--overlap <duration>', 'how long both are valid').default('24h'))
    .option('--expires <duration>', 'after how long the new key ends; default: as long as the old one was made for')
    .action(act(rotate));
}

async function create(context: Context, scope: Scope, options: CreateOptions): Promise<ExitCode> {
  const now = context.shell.now();
  const expiresAt = options.expires === undefined ? null : now + durationOf('--expires', options.expires);
  const { key, record } = createKey(scope, now, expiresAt, undefined, rulesOf(scope, options));
  const file = options.newFile === true ? pathOf(context) : fileOf(context, NEW_FILE);
  mkdirSync(context.settings.dataDir, { recursive: true, mode: 0o700 });
  await changeKeys(file, (records) => [record, ...records]);
  return showKey(context, key, record);
}

async function list(context: Context, options: { readonly all?: boolean }): Promise<ExitCode> {
  const now = context.shell.now();
  const records = readKeys(fileOf(context)).filter((record) => options.all === true || stateOf(record, now) === 'valid');
  const rows = [...records]
    .sort((a, b) => b.createdAt - a.createdAt)
    .map((record) => [
      record.id,
      record.scope,
      record.name ?? '',
      instant(record.createdAt),
      record.expiresAt === null ? '' : instant(record.expiresAt),
      record.rotatedTo === undefined ? stateOf(record, now) : `${stateOf(record, now)}, rotated to ${record.rotatedTo}`,
      rulesText(record),
    ]);
  const columns = ['id', 'scope', 'name', 'created', 'ends', 'state', 'rules'].map((title) => ({
    title,
    wraps: title === 'rules',
  }));
  const keys = records.map(({ hash: _, ...record }) => ({ ...record, state: stateOf(record as KeyRecord, now) }));
  await answer(context, { keys }, () => renderWide({ columns, rows }, context.terminal.width, context.terminal.bold));
  return EXIT.ok;
}

async function revoke(context: Context, id: string): Promise<ExitCode> {
  const now = context.shell.now();
  await changeKeys(fileOf(context), (records) => changed(context, records, id, (record) => ({ ...record, revokedAt: now })));
  await answer(context, { id, revokedAt: now }, () => `key ${id} is revoked; what it wrote carries "keyId":"${id}"`);
  return EXIT.ok;
}

async function rotate(context: Context, id: string, options: RotateOptions): Promise<ExitCode> {
  const now = context.shell.now();
  const overlapsUntil = now + durationOf('--overlap', options.overlap);
  const expiresMs = options.expires === undefined ? undefined : durationOf('--expires', options.expires);
  let made: ReturnType<typeof createKey> | undefined;
  let endsAt = overlapsUntil;
  await changeKeys(fileOf(context), (records) => {
    const ended = changed(context, records, id, (old) => {
      const { id: _, scope, hash: __, createdAt, expiresAt, rotatedTo, ...rules } = old;
      if (rotatedTo !== undefined) throw rotatedBefore(id, rotatedTo);
      const lifetimeMs = expiresMs ?? (expiresAt === null ? null : expiresAt - createdAt);
      made = createKey(scope, now, lifetimeMs === null ? null : now + lifetimeMs, undefined, rules);
      endsAt = Math.min(expiresAt ?? overlapsUntil, overlapsUntil);
      return { ...old, expiresAt: endsAt, rotatedTo: made.record.id };
    });
    return made === undefined ? ended : [made.record, ...ended];
  });
  const { key, record } = made as ReturnType<typeof createKey>;
  const successor = record.expiresAt === null ? 'never ends' : `ends at ${instant(record.expiresAt)}`;
  context.terminal.say(`key ${id} ends at ${instant(endsAt)}; its successor ${record.id} ${successor}`);
  return showKey(context, key, record);
}

function rotatedBefore(id: string, rotatedTo: string): CommandError {
  const message = `the key "${id}" was rotated already: "${rotatedTo}" took its place`;
  return new CommandError({ code: 'conflict', message, fix: `Rotate "${rotatedTo}", or make another key.` });
}

async function showKey(context: Context, key: string, { hash: _, ...record }: KeyRecord): Promise<ExitCode> {
  context.terminal.say(`${record.scope} key ${record.id}: it is shown only now`);
  await answer(context, { key, ...record }, () => key);
  return EXIT.ok;
}

/** Throws `not_found` when no valid key has the id. */
function changed(
  context: Context,
  records: readonly KeyRecord[],
  id: string,
  change: (record: KeyRecord) => KeyRecord,
): readonly KeyRecord[] {
  if (!records.some((record) => record.id === id && stateOf(record, context.shell.now()) === 'valid'))
    throw new CommandError({
      code: 'not_found',
      message: `a valid key with the id "${id}" does not exist in ${pathOf(context)}`,
      fix: 'Take an id of "tributary keys list"; --data-dir names another folder.',
    });
  return records.map((record) => (record.id === id ? change(record) : record));
}

function rulesOf(scope: Scope, { name, origin, type, rate, revenue }: CreateOptions): KeyRules {
  if (revenue === true && scope !== 'browser')
    throw new UsageError(`--revenue must go with a browser key (got the scope ${scope}). Leave it out: others may send money.`);
  if (rate !== undefined && !/^[1-9]\d{0,8}$/.test(rate))
    throw new UsageError(`--rate must be a whole number of events a second, from 1 (got "${rate}")`);
  const wrong = origin?.map(originTrouble).find((trouble) => trouble !== undefined);
  if (wrong !== undefined) throw new UsageError(wrong);
  return {
    ...(name !== undefined && { name }),
    ...(origin !== undefined && { origins: origin }),
    ...(type !== undefined && { types: type }),
    ...(rate !== undefined && { eventsPerSecond: Number(rate) }),
    ...(revenue === true && { revenue }),
  };
}

function rulesText({ origins, types, eventsPerSecond, revenue }: KeyRules): string {
  const rate = eventsPerSecond === undefined ? '' : `${eventsPerSecond} events/s`;
  const texts = [
    origins?.join(' '),
    types === undefined ? '' : `types ${types.join(' ')}`,
    rate,
    revenue === true ? 'revenue' : '',
  ];
  return texts.filter(Boolean).join(', ');
}

function stateOf({ revokedAt, expiresAt }: Pick<KeyRecord, 'revokedAt' | 'expiresAt'>, now: number): string {
  return revokedAt !== undefined ? 'revoked' : expiresAt !== null && now >= expiresAt ? 'expired' : 'valid';
}

function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new UsageError(`${flag} must be a duration such as 24h or 90d (got "${text}")`);
  return ms;
}

const NEW_FILE =
  'Name the folder of the platform with --data-dir. Where a platform begins, or has lost its file, add --new-file: no key but the new one will be valid.';

/** Throws when there is none. A first key in a new file would take the place of all that running services still know. */
function fileOf(context: Context, fix = 'Name the folder of the platform with --data-dir.'): string {
  const file = pathOf(context);
  if (existsSync(file)) return readable(file);
  throw new CommandError({ code: 'not_found', message: `the key file ${file} does not exist`, fix, exitCode: EXIT.usage });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const message = `cannot read "${file}": ${MISNAMED[code] ?? code}`;
    throw new CommandError({ code, message, fix: 'Restore the file of keys from a backup.', exitCode: EXIT.usage }, { cause });
  }
}

/** Services do not take what this refuses, and say less of it. */
function readable(file: string): string {
  const text = textOf(file);
  const read = readJson(text);
  const reason = text.startsWith('\ufeff')
    ? 'must not begin with a byte order mark (got one)'
    : read.ok
      ? undefined
      : `must be JSON (got ${read.reason})`;
  if (reason === undefined) return file;
  const fix = 'Save it as UTF-8 without a byte order mark, and correct that place; until then services keep the keys they know.';
  throw new CommandError({ code: 'invalid_config', message: `${file} ${reason}`, fix, exitCode: EXIT.usage });
}

function pathOf({ settings }: Context): string {
  return keyFileOf(settings.dataDir);
}
