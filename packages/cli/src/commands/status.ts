/** `tributary status`: how far both layers are. */
import { troubleOf } from '@tributary/model/computation-trouble';
import { span } from '@tributary/model/span';
import type { Command } from 'commander';
import type { AnswerOf, Generations, Publication } from '../api-types.ts';
import { type Act, answer, type Context } from '../context.ts';
import { archiverTrouble } from '../doctor/roles-nearby.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { actorOf } from '../report/actor.ts';
import { definitionsLine } from '../report/definitions-line.ts';
import { warnings } from '../report/meta-line.ts';
import { count, counted, instant } from '../terminal/figures.ts';
import { renderFacts, renderWide } from '../terminal/table.ts';

type Status = AnswerOf<'status'>;
/** null: readers had none yet. */
type Newest = Publication | null | 'unknown';

export function fillStatus(command: Command, act: Act): void {
  command.option('--partitions', 'list every partition').action(act(status));
}

async function status(context: Context, options: { readonly partitions?: boolean }): Promise<ExitCode> {
  const [got, publication] = await Promise.all([context.api('read').get<Status>('/v1/status'), newestPublication(context)]);
  warnings(context.terminal, got);
  const { settings } = context;
  const { restoredAt, loss } = settings.isOfFolder() ? await lossIn(settings.dataDir) : NO_LOSS;
  const known = restoredAt === undefined ? got : { ...got, logCreatedAgainAt: restoredAt };
  const archiver = settings.isOfFolder() ? await archiverTrouble(settings, context.shell.fetch) : undefined;
  const shown = {
    ...known,
    ...(archiver === undefined ? {} : { archiverNotReady: archiver }),
    ...(publication === 'unknown' || isHold(publication) ? { heldBy: publication } : {}),
  };
  await answer(context, shown, () =>
    [
      facts(got, context, { loss, archiver, publication }),
      ...(options.partitions === true ? ['', partitionTable(got, context)] : []),
    ].join('\n'),
  );
  return got.complete ? EXIT.ok : EXIT.found;
}

/** What it says beside the status holds that up for no longer, ms. */
const PUBLICATION_TIMEOUT_MS = 2_000;

/** The status stands without it. */
async function newestPublication(context: Context): Promise<Newest> {
  try {
    const api = context.apiIfAny('read', PUBLICATION_TIMEOUT_MS);
    return api === null ? 'unknown' : (await api.get<Generations>('/v1/generations', { limit: 1 })).publication;
  } catch {
    return 'unknown';
  }
}

function isHold(newest: Newest): newest is Publication {
  return typeof newest === 'object' && newest?.held === true;
}

const NO_LOSS = { restoredAt: undefined, loss: undefined };

/** What the folder says of its log, and the API cannot know. Loaded where there is a folder. */
async function lossIn(dataDir: string): Promise<{ readonly restoredAt: number | undefined; readonly loss: string | undefined }> {
  const { lossOf, restoresIn } = await import('../doctor/restored.ts');
  const restores = restoresIn(dataDir);
  return { restoredAt: restores.restoredAt, loss: lossOf(restores) };
}

interface Beside {
  readonly loss: string | undefined;
  readonly archiver: string | undefined;
  readonly publication: Newest;
}

function facts(
  { partitions, generation, lastRun, pending, complete, computations, definitions, definitionsInForce }: Status,
  { terminal, shell }: Context,
  { loss, archiver, publication }: Beside,
): string {
  const behind = partitions.filter((partition) => partition.behind === true).length;
  // A partition that holds no event and no heartbeat yet has no log time.
  const lags = partitions.flatMap(({ lagMs, logTime }) => (lagMs === null || !logTime ? [] : [lagMs]));
  const unread = partitions.filter(({ position }) => position === null).length;
  return renderFacts(
    [
      ['answers', complete ? 'complete' : 'INCOMPLETE'],
      [
        'generation',
        generation.current === null
          ? 'none yet'
          : `${generation.current}${generation.served === generation.current ? '' : `, served is ${generation.served ?? 'none'}: ${generation.failure ?? 'still loading'}`}`,
      ],
      ['last run', lastRunIs(lastRun)],
      ...(publication === 'unknown' ? [['scheduled runs', 'unknown whether a rollback holds them'] as const] : []),
      ...(isHold(publication) ? [['scheduled runs', heldBy(publication)] as const] : []),
      [
        'speed layer',
        `${counted(partitions.length, 'partition')}, ${behind} behind${unread > 0 ? `, ${unread} without events` : ''}`,
      ],
      ['oldest log time', lags.length === 0 ? 'unknown' : `${span(Math.max(...lags))} ago`],
      ...(loss === undefined ? [] : [['log', loss] as const]),
      ...(archiver === undefined ? [] : [['archive', archiver] as const]),
      ['pending late events', count(pending)],
      ...computationsAre(computations, shell.now()).map((said, i) => [i === 0 ? 'computations' : '', said] as const),
      ['definitions', definitionsInForce === null ? definitions : definitionsLine(definitionsInForce)],
    ],
    (label, value) => (label === 'answers' ? terminal.tone(complete ? 'ok' : 'fail', value) : value),
    terminal.screen,
  );
}

/** They go on computing generations, which readers get once somebody publishes one by hand. */
function heldBy({ generation, by, at }: Publication): string {
  return `held since the rollback to generation ${generation} (${actorOf(by)}, ${instant(at)}), and publish nothing; "tributary batch publish" publishes the newest generation and ends that, unless readers were rolled back from it, "tributary batch publish ${generation}" ends it with this one`;
}

/** Each that is not up to date; nothing where none is registered, and of an API of an earlier version. */
function computationsAre(all: Status['computations'] | undefined, nowMs: number): readonly string[] {
  if (all === null) return ['unknown'];
  if (all === undefined || all.length === 0) return [];
  const troubles = all.flatMap((one) => troubleOf(one, nowMs) ?? []);
  if (troubles.length === 0) return [`${count(all.length)}, up to date`];
  const more = troubles.length - MOST_NAMED;
  return [...troubles.slice(0, MOST_NAMED), ...(more > 0 ? [`${count(more)} more: see "tributary computations list"`] : [])];
}

const MOST_NAMED = 3;

/** An API of an earlier version does not say it. */
function lastRunIs(last: Status['lastRun'] | undefined): string {
  if (last === null || last === undefined) return 'unknown';
  return `${instant(last.at)}, ${last.nothingNew ? `nothing new since generation ${last.generation}` : `computed generation ${last.generation}`}`;
}

function partitionTable({ partitions }: Status, { terminal }: Context): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return renderWide(
    {
      columns: [
        right('partition'),
        { title: 'position' },
        { title: 'end of the log' },
        { title: 'behind' },
        { title: 'log time' },
        right('generation'),
      ],
      rows: partitions.map((p) => [
        String(p.partition),
        p.position ?? '–',
        p.logEnd ?? '–',
        p.behind === null ? 'unknown' : p.behind ? 'yes' : 'no',
        p.logTime === null ? '–' : instant(p.logTime),
        p.generation === null ? '–' : String(p.generation),
      ]),
    },
    terminal.width,
    terminal.bold,
  );
}
