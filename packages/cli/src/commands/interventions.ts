/** `tributary interventions`: rules on signals that answer to what the speed layer says of users, with an event and a signed webhook. */
import { resolve } from 'node:path';
import { parseDuration } from '@tributary/importing/events/instant';
import type { Defined, InterventionFile } from '@tributary/signals/interventions/rules';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { readFile, signalsInFile } from '../report/definition-file.ts';
import { renderWide } from '../terminal/table.ts';

interface CheckOptions {
  readonly definitions?: string;
}

interface RunOptions {
  readonly folder: string;
  readonly allowPrivate?: boolean;
  readonly limit?: string;
  readonly for?: string;
}

export function fillInterventions(interventions: Command, act: Act): void {
  interventions
    .command('check')
    .description('whether a file of interventions is right, and what it says')
    .argument('<file>', 'YAML or JSON')
    .option('--definitions <file>', 'of these definitions, in place of those in force')
    .action(act(check));
  interventions
    .command('run')
    .description('follow the stream of outputs and act on it, until Ctrl-C')
    .argument('<file>', 'YAML or JSON')
    .requiredOption('--folder <dir>', 'where it remembers what was decided, for one process')
    .option('--allow-private', 'call receivers with private addresses too')
    .option('--limit <n>', 'end after this number of interventions')
    .option('--for <duration>', 'end after this time, such as 30s')
    .action(act(run));
}

async function check(context: Context, file: string, { definitions }: CheckOptions): Promise<ExitCode> {
  const { rules } = await rulesOf(context, file, definitions);
  const shown = rules.map(({ holds: _, ...rule }) => rule);
  await answer(context, { file, interventions: shown }, () => {
    const rows = rules.map(({ name, kind, of, signals, webhook, version }) => [
      name,
      `${kind} ${of}`,
      signals.join(', '),
      webhook === null ? '' : new URL(webhook.url).host,
      version,
    ]);
    const columns = ['name', 'answers to', 'looks at', 'calls', 'version'].map((title) => ({ title }));
    return renderWide({ columns, rows, keys: columns.length }, context.terminal.width, context.terminal.bold);
  });
  return EXIT.ok;
}

async function rulesOf(context: Context, file: string, definitionsFile?: string): Promise<InterventionFile> {
  const [{ readInterventions }, { sha256Hex }] = await Promise.all([
    import('@tributary/signals/interventions/rules'),
    import('@tributary/runtime/config/definitions'),
  ]);
  const defined =
    definitionsFile === undefined ? await inForce(context) : await signalsInFile(context.shell.cwd, definitionsFile);
  return readFile(context.shell.cwd, file, (text) => readInterventions(text, defined, sha256Hex));
}

async function inForce(context: Context): Promise<readonly Defined[]> {
  const { definitions } = await context.api('read').get<AnswerOf<'signalDefinitions'>>('/v1/signals/definitions');
  return definitions.map(({ name, definition, fields }) => ({ name, resolved: definition, fields })) as unknown as Defined[];
}

async function run(context: Context, file: string, options: RunOptions): Promise<ExitCode> {
  const limit = limitOf(options.limit);
  const forMs = options.for === undefined ? null : parseDuration(options.for);
  if (options.for !== undefined && forMs === null)
    throw new UsageError(`--for must be a duration such as 30s (got "${options.for}")`);
  const read = await rulesOf(context, file);
  await demandSecrets(context, read);
  const ending = new AbortController();
  const timer = forMs === null ? undefined : setTimeout(() => ending.abort(), forMs);
  try {
    const { runInterventions } = await import('../interventions/running.ts');
    return await runInterventions(context, read, {
      folder: resolve(context.shell.cwd, options.folder),
      allowPrivate: options.allowPrivate === true,
      limit,
      end: () => ending.abort(),
      ended: ending.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function demandSecrets({ shell: { env } }: Context, { rules }: InterventionFile): Promise<void> {
  const { secretOf } = await import('../interventions/webhook.ts');
  for (const { name, webhook } of rules) {
    if (webhook === null || secretOf(env[webhook.secret]) !== null) continue;
    // The text itself may be the secret, written wrongly.
    const got =
      env[webhook.secret] === undefined ? `${webhook.secret}, which is not set` : `${webhook.secret}, which has another text`;
    throw new UsageError(
      `interventions.${name}.webhook.secret must name an environment variable with "whsec_" and 24 to 64 bytes in base64 (got ${got})`,
    );
  }
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit must be a whole number from 1 (got "${text}")`);
  return Number(text);
}
