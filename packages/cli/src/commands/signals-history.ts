/** `tributary signals history ROWS`: what definitions said of users at instants of the past, from the archive, as one file. */
import { resolve } from 'node:path';
import type { ArchivedPast } from '@tributary/archive/history/archived-past';
import { KNOWLEDGE, type Knowledge } from '@tributary/archive/history/knowledge';
import type { SetFormat } from '@tributary/archive/history/training-set';
import { memoryRule } from '@tributary/archive/memory-rule';
import { openInput } from '@tributary/importing/files/open-input';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { inFolderBeside } from '../history/folder-beside.ts';
import { readDefinitions } from '../report/definition-file.ts';
import { counted, instant } from '../terminal/figures.ts';

interface Options {
  readonly out?: string;
  readonly format?: string;
  readonly signals?: string;
  readonly definitions?: string;
  readonly memory: string;
  readonly knowledge: string;
}

const FORMATS: readonly SetFormat[] = ['csv', 'ndjson', 'parquet'];

export function addSignalsHistory(signals: Command, act: Act): void {
  signals
    .command('history')
    .description(
      'values at instants of the past, from the archive: a training set. Reads the data folder; exit 1 when a row has no values',
    )
    .argument('<rows>', 'CSV (user,instant,label,position) or NDJSON, gzip as well; "-" for standard input')
    .option('--out <file>', 'where the set goes; a name that is there is replaced')
    .option('--format <name>', 'csv, ndjson or parquet; default: by the name of --out')
    .option('--signals <names>', 'only these signals, sessions and segments, comma-separated')
    .option('--definitions <file>', 'under these definitions (YAML or JSON); default: those of the generation')
    .option(
      '--knowledge <what>',
      'event: all that happened before the instant; served: what the API knew of it when it answered',
      'event',
    )
    .option('--memory <size>', 'of DuckDB; what does not fit goes to disk beside --out', '1GB')
    .action(act(history));
}

async function history(context: Context, file: string, options: Options): Promise<ExitCode> {
  const { shell, terminal } = context;
  const { out, format } = targetOf(options);
  const trouble = memoryRule(options.memory);
  if (trouble !== undefined) throw new UsageError(`--memory must ${trouble.must} (got "${options.memory}"). ${trouble.fix}`);
  const { knowledge } = options;
  if (!isKnowledge(knowledge)) throw new UsageError(`--knowledge must be event or served (got "${knowledge}")`);
  const written = options.definitions === undefined ? undefined : await readDefinitions(shell.cwd, options.definitions);
  const [{ pastOfCommand }, { askedRows }, { oneColumn, TAKEN, writeTrainingSet }, { signalsOf }, { sha256Hex }] =
    await Promise.all([
      import('../history/archived-past.ts'),
      import('../history/asked-rows.ts'),
      import('@tributary/archive/history/training-set'),
      import('@tributary/signals/definitions/file'),
      import('@tributary/runtime/config/definitions'),
    ]);
  try {
    const past = await pastOfCommand(context);
    const definitions = chosen(signalsOf(written ?? past.definitions, sha256Hex), options.signals, { taken: TAKEN, oneColumn });
    terminal.progress('reading the archive');
    const path = file === '-' ? file : resolve(shell.cwd, file);
    const rows = askedRows(openInput(shell, path), file);
    const question = { past, definitions, rows, knowledge, memoryLimit: options.memory, signal: shell.signal };
    const target = { out: resolve(shell.cwd, out), format, onRows: (count: number) => terminal.progress(counted(count, 'row')) };
    const set = await inFolderBeside(target.out, (folder) => writeTrainingSet({ ...question, folder }, target));
    terminal.progressEnd();
    return await reported(context, { out, past, definitions, knowledge, ...set });
  } catch (cause) {
    if (!shell.signal.aborted) throw cause;
    throw new CommandError(
      { code: 'interrupted', message: 'interrupted before the set was whole', fix: 'Run it again: nothing was left.' },
      { cause },
    );
  } finally {
    terminal.progressEnd();
  }
}

function targetOf({ out, format }: Options): { readonly out: string; readonly format: SetFormat } {
  if (out === undefined)
    throw new UsageError('--out must name the file that the set goes to (got none). Write --out set.parquet.');
  const name = format ?? out.slice(out.lastIndexOf('.') + 1).toLowerCase();
  const known = FORMATS.find((one) => one === name);
  if (known !== undefined) return { out, format: known };
  throw new UsageError(
    format === undefined
      ? `--out must end in .csv, .ndjson or .parquet (got "${out}"); with --format any name will do`
      : `--format must be one of ${FORMATS.join(', ')} (got "${format}")`,
  );
}

function isKnowledge(text: string): text is Knowledge {
  return KNOWLEDGE.some((one) => one === text);
}

interface ColumnNames {
  readonly taken: readonly string[];
  readonly oneColumn: (names: readonly string[]) => readonly [string, string] | undefined;
}

function chosen(
  all: ReadonlyMap<string, SignalDefinition>,
  names: string | undefined,
  { taken, oneColumn }: ColumnNames,
): readonly SignalDefinition[] {
  const asked = names?.split(',').map((name) => name.trim()) ?? [...all.keys()];
  const unknown = asked.find((name) => !all.has(name));
  const known = [...all.keys()].sort().slice(0, 20).join(', ') || 'none is defined';
  if (unknown !== undefined) throw new UsageError(`--signals must be names of these definitions: ${known} (got "${unknown}")`);
  const both = oneColumn([...new Set(asked)]);
  if (both !== undefined)
    throw new UsageError(
      `--signals must have names that differ by more than case, also from ${taken.join(', ')}, which each set has (got ${both.map((name) => `"${name}"`).join(' and ')}). Rename one, or name the others.`,
    );
  if (asked.length === 0)
    throw new UsageError(
      'the definitions must have a signal, a session or a segment (got none). Write them (docs/signals.md), or name a file with --definitions.',
    );
  return [...new Set(asked)].map((name) => all.get(name) as SignalDefinition);
}

interface Reported {
  readonly out: string;
  readonly past: ArchivedPast;
  readonly definitions: readonly SignalDefinition[];
  readonly knowledge: Knowledge;
  readonly rows: number;
  readonly byStatus: Readonly<Record<string, number | undefined>>;
}

async function reported(context: Context, { out, past, definitions, knowledge, rows, byStatus }: Reported): Promise<ExitCode> {
  const { generation, cutMs, lacks } = past;
  const versions = Object.fromEntries(definitions.map(({ name, version }) => [name, version]));
  const said = { out, generation, cut: cutMs, knowledge, rows, byStatus, versions, lacks };
  await answer(
    context,
    said,
    () =>
      `${counted(rows, 'row')} of ${counted(definitions.length, 'definition')} in ${out}, from ${knowledge === 'event' ? 'all events' : 'the events that were known'} up to the cut of generation ${generation}, ${instant(cutMs)}`,
  );
  const { AFTER_CUT = 0, TOO_MANY_EVENTS = 0, RETIRED = 0 } = byStatus;
  if (AFTER_CUT > 0)
    context.terminal.say(
      `${counted(AFTER_CUT, 'row')} without values: after the cut not all is known yet. Run "tributary batch run --wait" first.`,
    );
  if (TOO_MANY_EVENTS > 0)
    context.terminal.say(
      `${counted(TOO_MANY_EVENTS, 'row')} without values: of their users more events are within reach than are read`,
    );
  if (RETIRED > 0)
    context.terminal.say(
      `${counted(RETIRED, 'row')} without values: events that they look back on were retired from the archive. Ask for later instants.`,
    );
  return AFTER_CUT + TOO_MANY_EVENTS + RETIRED > 0 ? EXIT.found : EXIT.ok;
}
