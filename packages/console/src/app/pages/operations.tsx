/** What the batch layer computed, which of it readers get, and where real time differed from it. */
import type { Answer } from '@tributary/client/operations';
import { Empty, NotLoaded, WhenAnswered } from '../parts/answered.tsx';
import { csvOf, type RawColumn } from '../parts/csv.ts';
import { count, counted, duration, instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { useLater } from '../state/later.ts';
import type { Place } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';
import { Compared, comparedAsCsv } from './compared.tsx';
import { type ActionProps, actionAddress, actionsOn, isAsked, WHAT } from './generation-actions.ts';
import type { PageProps } from './page-props.ts';
import { Schedules } from './schedules.tsx';

type Generation = Answer<'generations'>['generations'][number];
type Run = Answer<'runs'>['runs'][number];
type Publication = Answer<'publications'>['publications'][number];

const EVERY_MS = 5_000;

export function OperationsPage({ place }: PageProps) {
  return (
    <>
      <Generations place={place} />
      <Runs />
      <Schedules place={place} />
      <Reconciliations />
      <Publications />
    </>
  );
}

function Runs() {
  const asked = { limit: 10 };
  const runs = useAnswer('runs', asked, EVERY_MS);
  return (
    <WhenAnswered of={runs}>
      {({ runs: all }) => (
        <Panel
          title="Runs"
          about="Those that wait, the one under way, and those that ended, failed or were cancelled. A higher priority begins first. A scheduled run that found nothing new is not listed."
          question={addressOfQuestion('runs', asked)}
          csv={() => csvOf([...RUNS, PRIORITY], all)}
        >
          {all.length === 0 ? (
            <Empty title="No run waits, and none ended lately" />
          ) : (
            <Table caption="Runs" columns={RUNS} rows={all} keyOf={({ id }) => id} />
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

const RUN_STYLE: Readonly<Record<Run['state'], string>> = {
  waiting: 'is-pending',
  running: 'is-pending',
  done: 'is-good',
  failed: 'is-bad',
  cancelled: 'is-plain',
};

/** How far it is, or what came of it. */
function saidOf({ progress, failure, cancelled, outcome }: Run): string {
  if (progress !== null) {
    const { stage, percent: done, rows, remainingMs } = progress;
    return [
      stage,
      ...(done === null ? [] : [`${done} %`]),
      ...(rows === null ? [] : [`${count(rows)} events`]),
      ...(remainingMs === null || remainingMs === 0 ? [] : [`about ${duration(remainingMs)} left`]),
    ].join(', ');
  }
  if (cancelled !== null) return `by ${cancelled.by}${cancelled.why === null ? '' : `: ${cancelled.why}`}`;
  return failure ?? (outcome === 'nothing_new' ? 'nothing new' : (outcome ?? ''));
}

const RUNS: readonly Column<Run>[] = [
  {
    head: 'Queued, UTC',
    cell: ({ queuedAt }) => <span class="nowrap">{instant(queuedAt)}</span>,
    raw: ({ queuedAt }) => new Date(queuedAt).toISOString(),
  },
  {
    head: 'State',
    cell: ({ state, priority }) => (
      <>
        <span class={`badge ${RUN_STYLE[state]}`}>{state}</span>
        {priority !== 'normal' && <span class="small nowrap">{priority} priority</span>}
      </>
    ),
    raw: ({ state }) => state,
  },
  { head: 'What', cell: (run) => <Name text={saidOf(run)} most={200} beside="text" />, raw: saidOf },
  { head: 'Mode', isBeside: true, cell: ({ mode }) => mode, raw: ({ mode }) => mode },
  {
    head: 'Generation',
    isFigure: true,
    isBeside: true,
    cell: ({ generation }) => generation ?? NONE,
    raw: ({ generation }) => generation,
  },
  { head: 'Because of', isBeside: true, cell: ({ reason }) => <Name text={reason} />, raw: ({ reason }) => reason },
];

/** In the file alone: on the page it stands below the state, where it is not the usual one. */
const PRIORITY = { head: 'Priority', raw: ({ priority }: Run) => priority };

function Generations({ place }: PageProps) {
  const isAdmin = useIsAdmin();
  const asked = { limit: 20 };
  const generations = useAnswer('generations', asked, EVERY_MS);
  const lastRun = useLastRun();
  return (
    <WhenAnswered of={generations}>
      {({ generations: all, publication }) => (
        <>
          {isAsked(place, WHAT) && (
            <Acting
              key={`${place.query.get('do')} ${place.query.get('generation')}`}
              place={place}
              generations={all}
              served={publication?.generation ?? 0}
            />
          )}
          <Panel
            title="Generations"
            about={
              (publication === null
                ? 'None was published yet: answers come from the speed layer alone.'
                : `Readers get number ${publication.generation}${publication.held ? '; scheduled runs do not publish until somebody publishes by hand' : ''}.`) +
              lastRun
            }
            question={addressOfQuestion('generations', asked)}
            csv={() => csvOf([...GENERATIONS, ...BESIDE], all)}
            tools={isAdmin && <a href={actionAddress(place, 'run')}>Run a batch</a>}
          >
            {all.length === 0 ? (
              <Empty title="No run has begun yet">
                Begin one: <code>npx tributary batch run</code>
              </Empty>
            ) : (
              <Table
                caption="Generations"
                columns={isAdmin ? [...GENERATIONS, actionColumn(place, publication?.generation ?? 0)] : GENERATIONS}
                rows={all}
                keyOf={({ generation }) => String(generation)}
              />
            )}
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

function Acting(props: ActionProps) {
  const later = useLater(() => import('./later.ts'));
  return later ? <later.ActionPanel {...props} /> : <NotLoaded of={later} />;
}

/** When the last run looked, where it found nothing new: the table does not have it. */
function useLastRun(): string {
  const { answer } = useAnswer('status', {}, EVERY_MS);
  const last = answer?.lastRun;
  return last?.nothingNew === true
    ? ` The last run found nothing new after number ${last.generation}, ${instant(last.at)} UTC.`
    : '';
}

function stateOf({ current, staged, state, failure }: Generation): readonly [string, string] {
  if (current) return ['is-good', 'served'];
  if (staged) return ['is-pending', 'staged'];
  if (failure !== undefined) return ['is-bad', state];
  return ['is-plain', state];
}

const GENERATIONS: readonly Column<Generation>[] = [
  { head: 'Generation', isFigure: true, cell: ({ generation }) => generation, raw: ({ generation }) => generation },
  {
    head: 'State',
    cell: (row) => {
      const [style, text] = stateOf(row);
      return (
        <>
          <span class={`badge ${style}`}>{text}</span>
          {row.failure !== undefined && <span class="small">{row.failure}</span>}
        </>
      );
    },
    raw: ({ state }) => state,
  },
  {
    head: 'Cut, UTC',
    isBeside: true,
    cell: ({ createdAt, computedAt, mode, base }) => (
      <>
        <span class="nowrap">{instant(createdAt)}</span>
        <span class="small">
          {mode}
          {base !== null && ` on ${base}`}
          {computedAt !== null && `, ${duration(computedAt - createdAt)}`}
        </span>
      </>
    ),
    raw: ({ createdAt }) => new Date(createdAt).toISOString(),
  },
  {
    head: 'Events',
    isFigure: true,
    isBeside: true,
    cell: ({ counts }) => count(counts.events),
    raw: ({ counts }) => counts.events,
  },
  {
    head: 'New',
    isFigure: true,
    isBeside: true,
    cell: ({ counts: { newEvents, duplicates } }) => (
      <>
        {count(newEvents)}
        {duplicates > 0 && <span class="small nowrap">{counted(duplicates, 'duplicate')}</span>}
      </>
    ),
    raw: ({ counts }) => counts.newEvents,
  },
  { head: 'Because of', isBeside: true, cell: ({ reason }) => <Name text={reason} />, raw: ({ reason }) => reason },
];

/** In the file alone: on the page they stand below other figures. */
const BESIDE: readonly RawColumn<Generation>[] = [
  { head: 'tookMs', raw: ({ createdAt, computedAt }) => (computedAt === null ? null : computedAt - createdAt) },
  { head: 'Mode', raw: ({ mode }) => mode },
  { head: 'Duplicates', raw: ({ counts }) => counts.duplicates },
];

const ACTION_NAMES = { promote: 'Promote', discard: 'Discard', publish: 'Publish', rollback: 'Roll back' } as const;

/** For an admin: each leads to what it would do, and to the words to be typed. */
function actionColumn(place: Place, served: number): Column<Generation> {
  return {
    head: 'Change',
    cell: (row) => (
      <span class="actions">
        {actionsOn(row, served).map((what) => (
          <a key={what} href={actionAddress(place, what, row.generation)}>
            {ACTION_NAMES[what]}
          </a>
        ))}
      </span>
    ),
  };
}

function Publications() {
  const asked = { limit: 20 };
  const publications = useAnswer('publications', asked, EVERY_MS);
  return (
    <WhenAnswered of={publications}>
      {({ publications: all }) => (
        <Panel
          title="Publications"
          about="Which generation readers got, since when, and by whom."
          question={addressOfQuestion('publications', asked)}
          csv={() => csvOf(PUBLICATIONS, all)}
        >
          {all.length === 0 ? (
            <Empty title="Nothing was published yet" />
          ) : (
            <Table caption="Publications" columns={PUBLICATIONS} rows={all} keyOf={({ sequence }) => String(sequence)} />
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

const PUBLICATIONS: readonly Column<Publication>[] = [
  { head: 'Number', isFigure: true, cell: ({ sequence }) => sequence, raw: ({ sequence }) => sequence },
  {
    head: 'What',
    cell: ({ action, discarded, held }) => (
      <>
        {discarded === undefined ? action : `discard of ${discarded}`}
        {held && <span class="small">held</span>}
      </>
    ),
    raw: ({ action }) => action,
  },
  { head: 'Generation', isFigure: true, cell: ({ generation }) => generation, raw: ({ generation }) => generation },
  {
    head: 'At, UTC',
    isBeside: true,
    cell: ({ at }) => <span class="nowrap">{instant(at)}</span>,
    raw: ({ at }) => new Date(at).toISOString(),
  },
  { head: 'By', isBeside: true, cell: ({ by }) => <Name text={by} />, raw: ({ by }) => by },
  {
    head: 'Why',
    isBeside: true,
    cell: ({ why }) => (why === undefined ? NONE : <Name text={why} most={200} />),
    raw: ({ why }) => why,
  },
];

function Reconciliations() {
  const asked = { limit: 10 };
  const reconciliations = useAnswer('reconciliations', asked, 6 * EVERY_MS);
  return (
    <WhenAnswered of={reconciliations}>
      {({ reconciliations: all }) => (
        <Panel
          title="Real time against truth"
          about="What readers saw just before a generation was published, compared with what it computed from all archived events."
          question={addressOfQuestion('reconciliations', asked)}
          csv={() => comparedAsCsv(all.map(({ reconciliation }) => reconciliation))}
        >
          {all.length === 0 ? (
            <Empty title="No generation was compared yet" />
          ) : (
            <ol class="compared">
              {all.map(({ generation, reconciliation }, i) => (
                <Compared key={generation} of={reconciliation} isOpen={i === 0} />
              ))}
            </ol>
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}
