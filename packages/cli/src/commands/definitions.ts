/** `tributary definitions …`: those in force, and a file before it comes into force. */
import type { DerivedSections } from '@tributary/model/definitions';
import type { WrittenCount } from '@tributary/signals/definitions/schema';
import type { Command } from 'commander';
import { type ApiClient, orWhere } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { numberOf } from '../flags/generation-number.ts';
import { type Change, changesOf } from '../report/definition-changes.ts';
import { readDefinitions } from '../report/definition-file.ts';
import { definitionsLine } from '../report/definitions-line.ts';
import { identityNote } from '../report/identity-note.ts';
import { putText } from '../report/record-output.ts';
import { counted } from '../terminal/figures.ts';
import { printableJson, renderWide, shortName } from '../terminal/table.ts';
import { type PreviewOptions, preview } from './definitions-preview.ts';

const FILE = 'YAML or JSON; default: TRIBUTARY_DEFINITIONS_FILE';

export function fillDefinitions(definitions: Command, act: Act): void {
  definitions
    .command('show')
    .description('the definitions in force, as a file may hold them')
    .argument('[generation]', 'those of this generation; default: of the current one')
    .option('--out <file>', 'write there instead of to standard output')
    .action(act(show));
  definitions
    .command('check')
    .alias('validate')
    .description('read a file as the platform does; exit 1 with line and column where it is wrong')
    .argument('[file]', FILE)
    .action(act(check));
  definitions
    .command('explain')
    .description(
      'what the signals, sessions and segments of a file say, in words, with their versions and how far they look back',
    )
    .argument('[file]', FILE)
    .action(act(explain));
  definitions
    .command('preview')
    .description(
      'what the signals, sessions and segments of a file say of some users, beside those in force, from the archive; changes nothing',
    )
    .argument('[file]', FILE)
    .option('--users <keys>', 'of these users, comma-separated')
    .option('--sample <n>', 'of as many users of the archive', '20')
    .action(
      act((context, file: string | undefined, options: PreviewOptions) => preview(context, fileOf(context, file), options)),
    );
  definitions
    .command('schema')
    .description('the JSON Schema of such a file, for editors')
    .option('--out <file>', 'write there instead of to standard output')
    .action(act(schema));
  definitions
    .command('diff')
    .description('a file against the definitions in force; exit 1 when they differ')
    .argument('[file]', FILE)
    .action(act(diff));
}

async function show(context: Context, text: string | undefined, { out }: { readonly out?: string }): Promise<ExitCode> {
  const { generation, inForce, definitions } = await definitionsOf(context.api('read'), text);
  const version = inForce?.version ?? null;
  if (inForce !== null) context.terminal.say(definitionsLine(inForce));
  const shown = context.json ? { generation, version, definitions } : definitions;
  await putText(context, printableJson(JSON.stringify(shown, null, 2)), out);
  return EXIT.ok;
}

async function check(context: Context, given: string | undefined): Promise<ExitCode> {
  const file = fileOf(context, given);
  const { version } = await readDefinitions(context.shell.cwd, file);
  await answer(context, { file, version }, () => `${file} holds definitions, version ${version}`);
  return EXIT.ok;
}

async function explain(context: Context, given: string | undefined): Promise<ExitCode> {
  const file = fileOf(context, given);
  const definitions = await readDefinitions(context.shell.cwd, file);
  const [{ says, explainCount }, { durationText }, { signalsOf }, { sha256Hex }] = await Promise.all([
    import('@tributary/signals/definitions/explain'),
    import('@tributary/signals/definitions/duration'),
    import('@tributary/signals/definitions/file'),
    import('@tributary/runtime/config/definitions'),
  ]);
  const asked = [...signalsOf(definitions, sha256Hex).values()].map((definition) => {
    const { name, kind, version, reachMs, resolved, fields } = definition;
    return { name, kind, version, reachMs, says: says(definition), definition: resolved, fields };
  });
  const counts = Object.entries((definitions.counts ?? {}) as Readonly<Record<string, WrittenCount>>).map(([name, one]) => ({
    ...{ name, kind: 'count', version: definitions.countVersions.get(name) as string, reachMs: null },
    says: explainCount(one),
    definition: one,
  }));
  const explained = [...asked, ...counts];
  await answer(context, { file, definitions: explained }, () => {
    if (explained.length === 0) return `${file} defines nothing of this kind: docs/signals.md says how`;
    const rows = explained.map(({ name, reachMs, version, says: text }) => [
      name,
      reachMs === null ? '' : durationText(reachMs),
      version,
      text,
    ]);
    const columns = [{ title: 'name' }, { title: 'looks back' }, { title: 'version' }, { title: 'says', wraps: true }];
    return renderWide({ columns, rows, keys: columns.length }, context.terminal.width, context.terminal.bold);
  });
  return EXIT.ok;
}

async function schema(context: Context, { out }: { readonly out?: string }): Promise<ExitCode> {
  const { definitionsSchema } = await import('@tributary/signals/definitions/json-schema');
  await putText(context, printableJson(JSON.stringify(definitionsSchema(), null, 2)), out);
  return EXIT.ok;
}

async function diff(context: Context, given: string | undefined): Promise<ExitCode> {
  const file = fileOf(context, given);
  const { json, version } = await readDefinitions(context.shell.cwd, file);
  const { definitions, inForce } = await definitionsOf(context.api('read'));
  const written = asWritten(JSON.parse(json) as object);
  const changes = changesOf(definitions, written);
  const found = { file, version, inForce: inForce?.version ?? null, changes };
  await answer(context, found, () =>
    changes.length === 0 ? `${file} says what is in force` : changesTable(file, changes, context),
  );
  if (changes.length === 0) return EXIT.ok;
  context.terminal.say(`${counted(changes.length, 'key')} would change with "tributary batch run --definitions ${file}"`);
  const note = identityNote(definitions, written);
  if (note !== null) context.terminal.say(note);
  return EXIT.found;
}

function changesTable(file: string, changes: readonly Change[], { terminal }: Context): string {
  return renderWide(
    {
      columns: [{ title: 'key' }, { title: 'in force', wraps: true }, { title: shortName(file), wraps: true }],
      rows: changes.map((change) => [change.key, ...cellsOf(change)]),
    },
    terminal.width,
    terminal.bold,
  );
}

/** Two lists that are too long to show: what each has that the other has not. */
function cellsOf({ inForce, inFile }: Change): string[] {
  const cells = [inForce, inFile].map((value) => (value === undefined ? '–' : JSON.stringify(value)));
  if (!Array.isArray(inForce) || !Array.isArray(inFile) || cells.every((text) => shortName(text) === text))
    return cells.map(shortName);
  return [more(inForce, inFile), more(inFile, inForce)];
}

/** The items of a list that are named; `--json` has all of them. */
const NAMED = 20;

function more(list: readonly unknown[], other: readonly unknown[]): string {
  const theirs = new Set(other.map((item) => JSON.stringify(item)));
  const own = list.map((item) => JSON.stringify(item)).filter((item) => !theirs.has(item));
  const named = own.slice(0, NAMED).map(shortName).join(', ');
  if (own.length > 0) return `also ${named}${own.length > NAMED ? ` and ${own.length - NAMED} more` : ''}`;
  return list.length < other.length ? 'without these' : 'in another order';
}

/** `text`: a generation; without one, the current. */
async function definitionsOf(api: ApiClient, text?: string) {
  const { generation, definitionsInForce } = await api.get<AnswerOf<'status'>>('/v1/status');
  const number = text === undefined ? generation.current : numberOf(text);
  if (number === null)
    throw new CommandError({
      code: 'not_found',
      message: 'a generation does not exist yet, and definitions come into force with one',
      fix: 'Run "tributary batch run --wait".',
    });
  const got = await orWhere(
    api.get<AnswerOf<'generation'>>(`/v1/generations/${number}`),
    'See "tributary batch status" for the generations there are.',
  );
  const inForce = number === generation.current ? definitionsInForce : null;
  return { generation: number, inForce, definitions: asWritten(got.definitions as object) };
}

interface Stored {
  /** The program writes them, never users. */
  readonly rules?: unknown;
  readonly derived?: DerivedSections;
}

/** As a file may hold them. */
function asWritten({ rules: _, derived, ...written }: object & Stored): object {
  if (derived === undefined) return written;
  const sections = Object.entries(derived).filter(([, section]) => Object.keys(section).length > 0);
  return { ...written, ...Object.fromEntries(sections) };
}

function fileOf({ shell }: Context, given = shell.env['TRIBUTARY_DEFINITIONS_FILE'] ?? ''): string {
  if (given.trim() !== '') return given;
  throw new UsageError('a file of definitions must be named, here or by TRIBUTARY_DEFINITIONS_FILE (got none)');
}
