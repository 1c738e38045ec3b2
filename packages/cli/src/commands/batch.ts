/** `tributary batch …`: ask for a generation, follow it, and move readers between generations. */

import type { Priority } from '@tributary/contract/shapes/priority';
import { parseDuration } from '@tributary/importing/events/instant';
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import type { AnswerOf, Generation, Generations, Publication, Reconciliation } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { numberOf } from '../flags/generation-number.ts';
import { promotionOf } from '../flags/promotion.ts';
import { actorOf } from '../report/actor.ts';
import { definitionsAsWritten } from '../report/definition-file.ts';
import { comparedOf, fateOf, newest, newestComputed, type Promotion, previousOf, stagedOf } from '../report/generations.ts';
import { count, counted, instant } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addBatchExport } from './batch-export.ts';
import { addBatchRuns, progressText } from './batch-runs.ts';
import { mayBring } from './reprocess-compare.ts';

const POLL_MS = 500;
/** Those of the contract, as types hold: no command loads its code before it asks. */
const PRIORITIES = Object.keys({ high: 1, normal: 1, low: 1 } satisfies Record<Priority, 1>) as readonly Priority[];

interface RunOptions {
  readonly full?: boolean;
  readonly definitions?: string;
  readonly promote: string;
  readonly priority: string;
  readonly wait?: boolean;
  readonly timeout: string;
}

export function fillBatch(batch: Command, act: Act): void {
  batch
    .command('run')
    .description('compute a new generation')
    .option('--full', 'recompute everything, not only what changed')
    .option('--definitions <file>', 'new definitions (YAML or JSON), in force from this generation on')
    .option(
      '--promote <rule>',
      'when readers get it: auto, ask (by "batch promote"), or "if-below 0.5%" of every sum moves; definitions are compared before the run',
      'auto',
    )
    .option('--priority <level>', 'among the runs that wait: high, normal or low', 'normal')
    .option('--wait', 'wait until it is published and the API answers from it, or has failed')
    .option('--timeout <duration>', 'with --wait: give up after this long', '10m')
    .action(act(runBatch));
  batch
    .command('status')
    .description('the generations, newest first')
    .option('--limit <n>', 'how many', '20')
    .action(act(status));
  addBatchRuns(batch, act);
  addBatchExport(batch, act);
  batch
    .command('rollback')
    .description('go back to an older generation; scheduled runs hold until a publish')
    .argument('[generation]', 'default: the newest one older than the current')
    .option('--why <text>', 'kept with the publication')
    .action(act((context, generation: string | undefined, why: Decision) => move(context, 'rollback', generation, why)));
  batch
    .command('publish')
    .description('make a computed generation the one that readers get, and end a hold')
    .argument('[generation]', 'default: the newest computed one')
    .option('--why <text>', 'kept with the publication')
    .action(act((context, generation: string | undefined, why: Decision) => move(context, 'publish', generation, why)));
  batch
    .command('promote')
    .description('make the staged generation the one that readers get, if they still have what it was compared with')
    .argument('[generation]', 'default: the one that is staged')
    .option('--why <text>', 'kept with the publication')
    .action(act(promote));
  batch
    .command('discard')
    .description('give the staged generation up: readers keep what they have')
    .argument('[generation]', 'default: the one that is staged')
    .option('--why <text>', 'kept with the publication')
    .action(act(discard));
  batch
    .command('history')
    .description('which generations readers got, since when, by whom and why, newest first')
    .option('--limit <n>', 'how many', '20')
    .action(act(history));
}

async function runBatch(context: Context, options: RunOptions): Promise<ExitCode> {
  const timeoutMs = parseDuration(options.timeout);
  if (timeoutMs === null) throw new UsageError(`--timeout must be 30s, 10m or 1h (got "${options.timeout}")`);
  const rule = promotionOf(options.promote);
  const priority = priorityOf(options.priority, options.definitions !== undefined);
  const { definitions, timeout } = options;
  const api = context.api('admin');
  const brought = await definitionsOf(context, definitions);
  const compared = { definitions: definitions ?? '', read: brought.definitions, timeout };
  if (definitions !== undefined && rule !== undefined && !(await mayBring(context, api, compared, rule)))
    return rule === 'ask' ? EXIT.ok : EXIT.found;
  const promotion = definitions === undefined ? rule : undefined;
  const body = {
    mode: options.full === true ? 'full' : 'incremental',
    ...brought,
    ...(promotion !== undefined && { promote: promotion }),
    // An API of an earlier version does not know it.
    ...(priority !== 'normal' && { priority }),
  };
  const before = options.wait === true ? newest(await generationsOf(api)) : 0;
  const asked = await api.post<AnswerOf<'requestGeneration'>>('/v1/generations', body);
  context.terminal.say(
    asked.joined === true ? `an equal run waits already, job ${asked.jobId}` : `${asked.mode} run asked for, job ${asked.jobId}`,
  );
  if (options.wait !== true) {
    await answer(context, asked, () => `job ${asked.jobId} (${asked.mode}); follow it with "tributary batch status"`);
    return EXIT.ok;
  }
  return waitFor(context, api, { jobId: asked.jobId, before, promotion, timeoutMs });
}

function priorityOf(level: string, bringsDefinitions: boolean): Priority {
  const known = PRIORITIES.find((one) => one === level);
  if (known === undefined) throw new UsageError(`--priority must be ${PRIORITIES.join(', ')} (got "${level}")`);
  if (bringsDefinitions && known !== 'normal')
    throw new UsageError(
      `--priority must be normal beside --definitions (got "${level}"): those that were sent last must be in force last`,
    );
  return known;
}

interface Wait {
  readonly jobId: string;
  readonly before: number;
  readonly promotion: Promotion | undefined;
  readonly timeoutMs: number;
}

async function waitFor(context: Context, api: ApiClient, { jobId, before, promotion, timeoutMs }: Wait): Promise<ExitCode> {
  const { shell, terminal } = context;
  const beganMs = shell.now();
  for (;;) {
    const run = await runOf(api, jobId);
    const end = run === null ? null : endWithoutGeneration(run);
    if (end !== null) {
      terminal.progressEnd();
      const tookMs = shell.now() - beganMs;
      await answer(context, { ok: end.ok, run, tookMs }, () => `${end.text} (after ${span(tookMs)})`);
      return end.ok ? EXIT.ok : EXIT.found;
    }
    const now = await generationsOf(api);
    const fate = fateOf(now, before, promotion, await comparisonOf(api, comparedOf(now, before)));
    const tookMs = shell.now() - beganMs;
    const isOver = fate.done && (!fate.ok || (await isServed(api, now.publication)));
    if (isOver) {
      terminal.progressEnd();
      const generation = now.generations.find((candidate) => candidate.generation === fate.generation);
      await answer(
        context,
        { ok: fate.ok, generation, publication: now.publication, tookMs },
        () => `${fate.text} (after ${span(tookMs)})`,
      );
      return fate.ok ? EXIT.ok : EXIT.found;
    }
    const text = fate.done ? `${fate.text}, and the API is loading it` : fate.text;
    if (tookMs >= timeoutMs || shell.signal.aborted) {
      terminal.progressEnd();
      throw new CommandError({
        code: 'still_running',
        message: `after ${span(tookMs)}: ${text}`,
        fix: 'It goes on by itself: follow it with "tributary batch status"; "tributary doctor" says why where it does not.',
      });
    }
    const progress = run === null || fate.done ? null : progressText(run);
    terminal.progress(`${progress ?? text} (${span(tookMs)})`);
    await shell.sleep(POLL_MS);
  }
}

/** null: the API, or its queue, does not know it: its generation says what becomes of it. */
async function runOf(api: ApiClient, id: string): Promise<AnswerOf<'run'> | null> {
  try {
    return await api.get<AnswerOf<'run'>>(`/v1/runs/${encodeURIComponent(id)}`);
  } catch (cause) {
    if (cause instanceof CommandError && cause.code === 'not_found') return null;
    throw cause;
  }
}

/** null: it goes on, or its generation says what became of it. */
function endWithoutGeneration({
  state,
  outcome,
  generation,
  failure,
  cancelled,
}: AnswerOf<'run'>): { ok: boolean; text: string } | null {
  if (outcome === 'nothing_new') return { ok: true, text: `nothing new since generation ${generation}: none is made` };
  if (cancelled !== null && cancelled !== undefined) return { ok: false, text: `the run was cancelled by ${cancelled.by}` };
  if (state === 'failed' && generation === null)
    return { ok: false, text: `the run failed: ${failure ?? 'no reason is recorded'}` };
  return null;
}

/** null: it is not compared yet, or none is asked about. */
async function comparisonOf(api: ApiClient, generation: number | null): Promise<Reconciliation | null> {
  if (generation === null) return null;
  try {
    return (await api.get<AnswerOf<'reconciliation'>>(`/v1/reconciliations/${generation}`)).reconciliation;
  } catch (cause) {
    if (cause instanceof CommandError && cause.code === 'not_found') return null;
    throw cause;
  }
}

/** What is asked after the command is answered from what it published: a server finds and loads that a moment later, or says why it cannot. */
async function isServed(api: ApiClient, publication: Publication | null): Promise<boolean> {
  const { generation } = await api.get<AnswerOf<'status'>>('/v1/status');
  const hasFound = (generation.sequence ?? 0) >= (publication?.sequence ?? 0);
  return hasFound && (generation.served === generation.current || generation.failure !== null);
}

async function status(context: Context, options: { readonly limit: string }): Promise<ExitCode> {
  const got = await context.api('read').get<Generations>('/v1/generations', { limit: options.limit });
  await answer(context, got, () =>
    [generationTable(got.generations, context.terminal), publicationLine(got.publication)].join('\n'),
  );
  return EXIT.ok;
}

interface Decision {
  readonly why?: string;
}

async function move(
  context: Context,
  action: 'publish' | 'rollback',
  text: string | undefined,
  { why }: Decision,
): Promise<ExitCode> {
  const api = context.api('admin');
  const choose = action === 'rollback' ? previousOf : newestComputed;
  const before = await generationsOf(api);
  const generation = text === undefined ? choose(before) : numberOf(text);
  if (generation === null)
    throw new CommandError({
      code: 'conflict',
      message: `a computed generation${action === 'rollback' ? ' older than the current one' : ''} does not exist`,
      fix: 'See "tributary batch status".',
    });
  if (action === 'publish' && text === undefined) demandNotRolledBackFrom(before, generation);
  const got = await api
    .post<AnswerOf<'publishGeneration'>>(`/v1/generations/${generation}/${action}`, why === undefined ? {} : { why })
    .catch((cause: unknown) => refusedMove(api, generation, action, cause));
  await answer(context, got, () => [publicationLine(got.publication), ...otherDefinitions(before, generation)].join('\n'));
  return EXIT.ok;
}

/** While a rollback holds, a newer one that readers had is what somebody went back from. An API of an earlier version does not say which readers had. */
function demandNotRolledBackFrom({ generations, publication }: Generations, target: number): void {
  const had = generations.some(({ generation, published }) => generation === target && published === true);
  if (publication?.held !== true || !had || target <= publication.generation) return;
  throw new CommandError({
    code: 'conflict',
    message: `generation ${target} must be named, as readers were rolled back from it to ${publication.generation} (got no generation)`,
    fix: `"tributary batch run --wait" computes a newer one and publishes it; to give readers this one again: tributary batch publish ${target}`,
  });
}

/** Real time follows the definitions of the newest cut: their rows do not add up to those of others. */
function otherDefinitions({ generations, publication }: Generations, generation: number): string[] {
  const versionOf = (number: number | undefined) => generations.find((one) => one.generation === number)?.definitionsVersion;
  const [was, is] = [versionOf(publication?.generation), versionOf(generation)];
  if (was === undefined || is === undefined || was === is) return [];
  return [
    `its definitions (${is}) are others than those of generation ${publication?.generation} (${was}): answers are incomplete until a generation under them is published, as "tributary batch run --wait" does`,
  ];
}

async function promote(context: Context, text: string | undefined, { why }: Decision): Promise<ExitCode> {
  const api = context.api('admin');
  const generation = await stagedNumber(api, text);
  const { reconciliation } = await api.get<AnswerOf<'reconciliation'>>(`/v1/reconciliations/${generation}`);
  const body = { comparedWith: reconciliation.comparedWith, ...(why !== undefined && { why }) };
  const got = await api.post<AnswerOf<'publishGeneration'>>(`/v1/generations/${generation}/publish`, body);
  const { engineDefectRows: defects, notCompared } = got.publication;
  if (defects !== undefined) context.terminal.say(`generation ${generation} is promoted though ${defectsOf(defects)}`);
  if (notCompared === true) context.terminal.say(`generation ${generation} is promoted though ${NOT_COMPARED}`);
  await answer(context, got, () => publicationLine(got.publication));
  return EXIT.ok;
}

async function discard(context: Context, text: string | undefined, { why }: Decision): Promise<ExitCode> {
  const api = context.api('admin');
  const generation = await stagedNumber(api, text);
  const got = await api.post<AnswerOf<'discardGeneration'>>(
    `/v1/generations/${generation}/discard`,
    why === undefined ? {} : { why },
  );
  await answer(context, got, () => `generation ${generation} is given up; ${publicationLine(got.publication)}`);
  return EXIT.ok;
}

/** Whatever number is named, the newest one that waits is the only one that can be decided about. */
async function stagedNumber(api: ApiClient, text: string | undefined): Promise<number> {
  const asked = text === undefined ? null : numberOf(text);
  const all = await generationsOf(api);
  const staged = stagedOf(all);
  // One asked again, because the first answer was lost, is published by now: the API answers that it is.
  if (staged !== null && (asked === null || asked === staged)) return staged;
  if (asked !== null && asked === all.publication?.generation) return asked;
  if (asked !== null && asked === all.publication?.discarded) return asked;
  if (staged !== null)
    throw new CommandError({
      code: 'conflict',
      message: `generation ${asked} must be the staged one (got ${stateOf(all, asked)})`,
      fix: `Generation ${staged} is the staged one: leave the number out.`,
    });
  throw new CommandError({
    code: 'conflict',
    message:
      asked === null ? 'a staged generation does not exist' : `generation ${asked} must be staged (got ${stateOf(all, asked)})`,
    fix: 'Compute one with "tributary batch run --promote ask"; "tributary batch status" shows what there is.',
  });
}

function stateOf({ generations }: Generations, asked: number | null): string {
  return generations.find(({ generation }) => generation === asked)?.state ?? 'none of that number';
}

async function history(context: Context, options: { readonly limit: string }): Promise<ExitCode> {
  const got = await context.api('read').get<AnswerOf<'publications'>>('/v1/publications', { limit: options.limit });
  await answer(context, got, () => historyTable(got.publications, context.terminal));
  return EXIT.ok;
}

function historyTable(publications: readonly Publication[], { width, bold }: Terminal): string {
  if (publications.length === 0) return 'nothing is published yet: readers get the speed layer alone';
  const columns = [
    { title: 'since' },
    { title: 'what', wraps: true },
    { title: 'generation', align: 'right' } as const,
    { title: 'by' },
    { title: 'why', wraps: true },
  ];
  const rows = publications.map((one) => [instant(one.at), doneBy(one), `${one.generation}`, actorOf(one.by), one.why ?? '']);
  return renderWide({ columns, rows }, width, bold);
}

function doneBy({ action, discarded, held, engineDefectRows, notCompared }: Publication): string {
  if (discarded !== undefined) return `discarded ${discarded}`;
  if (action === 'rollback') return `rolled back${held ? ', held' : ''}`;
  if (notCompared === true) return `published, though ${NOT_COMPARED}`;
  return engineDefectRows === undefined ? 'published' : `published, though ${defectsOf(engineDefectRows)}`;
}

const NOT_COMPARED = 'it was not compared with what readers saw';

function defectsOf(rows: number): string {
  return `${counted(rows, 'row differs', 'rows differ')} for no known reason (an engine defect)`;
}

/** With what can be done instead. */
async function refusedMove(api: ApiClient, generation: number, action: 'publish' | 'rollback', cause: unknown): Promise<never> {
  if (!(cause instanceof CommandError) || (cause.code !== 'conflict' && cause.code !== 'not_found')) throw cause;
  // Whatever is wrong with the list, the refusal is what was asked about.
  const { generations, publication } = await generationsOf(api).catch(() => ({ generations: [], publication: null }));
  const computed = generations.filter(({ state }) => state === 'computed').map((one) => one.generation);
  const isNewer = action === 'rollback' && generation > (publication?.generation ?? 0) && computed.includes(generation);
  const which = computed.length === 0 ? '' : ` (${computed.join(', ')})`;
  const fix = isNewer
    ? `A newer one is published: tributary batch publish ${generation}`
    : `See "tributary batch status" for the generations there are; only computed ones${which} can be published.`;
  throw new CommandError({ code: cause.code, message: cause.message, fix, exitCode: cause.exitCode }, { cause });
}

function generationsOf(api: ApiClient): Promise<Generations> {
  return api.get<Generations>('/v1/generations', { limit: 200 });
}

async function definitionsOf({ shell }: Context, file: string | undefined): Promise<{ definitions?: unknown }> {
  return file === undefined ? {} : { definitions: await definitionsAsWritten(shell.cwd, file, '--definitions') };
}

function generationTable(generations: readonly Generation[], { width, bold }: Terminal): string {
  if (generations.length === 0) return 'no generation yet';
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return renderWide(
    {
      columns: [
        right('generation'),
        { title: 'state' },
        { title: 'mode' },
        { title: 'cut' },
        right('took'),
        right('events'),
        right('new'),
        right('duplicates'),
        { title: 'definitions' },
        { title: 'reason', wraps: true },
      ],
      rows: generations.map((g) => [
        `${g.current ? '▸ ' : ''}${g.generation}`,
        g.staged ? 'staged' : g.state,
        g.mode,
        instant(g.createdAt),
        g.computedAt === null ? '' : span(g.computedAt - g.createdAt),
        count(g.counts.events),
        count(g.counts.newEvents),
        count(g.counts.duplicates),
        g.definitionsVersion,
        g.failure ?? g.reason,
      ]),
    },
    width,
    bold,
  );
}

export function publicationLine(publication: Publication | null): string {
  if (publication === null) return 'nothing is published yet: readers get the speed layer alone';
  const { generation, sequence, action, held, at, by, discarded } = publication;
  const moved = action === 'rollback' ? 'rolled back to' : 'published';
  const done = discarded === undefined ? moved : `${discarded} discarded`;
  return `readers get generation ${generation} (publication ${sequence}, ${done} by ${actorOf(by)}, ${instant(at)})${held ? '; held: scheduled runs do not publish' : ''}`;
}
