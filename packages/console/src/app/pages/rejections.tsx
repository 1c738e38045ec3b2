/** What collectors rejected: which rule was broken, how often, by which key and page. Values are not among it. */
import type { Answer } from '@tributary/client/operations';
import { Shares } from '../charts/shares.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Raw } from '../parts/raw.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, addressWith, type Place } from '../state/place.ts';
import type { PageProps } from './page-props.ts';
import { EVENTS, keyOf, LAST, LastOf, NothingRejected, type Rejection, whyOf } from './rejection-parts.tsx';

type Rejections = Answer<'rejections'>;

const ASKED = { limit: 1_000 };
const EVERY_MS = 5_000;

export function RejectionsPage({ place }: PageProps) {
  const answered = useAnswer('rejections', ASKED, EVERY_MS);
  return (
    <WhenAnswered of={answered}>
      {(answer) => (
        <>
          <Missing of={answer} />
          <Reasons of={answer} place={place} />
          <Listed of={answer} place={place} />
          <Collectors of={answer} />
        </>
      )}
    </WhenAnswered>
  );
}

interface Props {
  readonly of: Rejections;
  readonly place: Place;
}

function Reasons({ of: { rejections }, place }: Props) {
  const chosen = place.query.get('reason');
  const byReason = new Map<string, number>();
  for (const { reason, count: many } of rejections) byReason.set(reason, (byReason.get(reason) ?? 0) + many);
  const rows = [...byReason].sort(([, a], [, b]) => b - a).map(([reason, events]) => ({ reason, events }));
  if (rows.length === 0) return null;
  return (
    <Panel
      title="Rejected events by reason"
      about="Since the collectors started. Choose a reason to see its rules alone."
      question={addressOfQuestion('rejections', ASKED)}
      csv={() => csvOf(REASONS, rows)}
      tools={chosen !== null && <a href={addressWith(place, { reason: null })}>All reasons</a>}
    >
      <Shares
        title="Rejected events by reason"
        rows={rows.map(({ reason, events }) => ({
          key: reason,
          name: <code>{reason}</code>,
          value: events,
          address: addressWith(place, { reason: reason === chosen ? null : reason }),
          isChosen: reason === chosen,
        }))}
      />
    </Panel>
  );
}

const REASONS = [
  { head: 'Reason', raw: ({ reason }: { readonly reason: string }) => reason },
  { head: 'Events', raw: ({ events }: { readonly events: number }) => events },
];

function Listed({ of: { rejections, total, collectors }, place }: Props) {
  const [reason, key] = [place.query.get('reason'), place.query.get('key')];
  const rows = rejections.filter((one) => (reason === null || one.reason === reason) && (key === null || one.keyId === key));
  const columns = columnsFor(place);
  return (
    <Panel
      title="Rejected lately"
      about="One row for each reason, key and rule, the one seen last first. Values of events are not kept: string(17) is a text of 17 characters."
      question={addressOfQuestion('rejections', ASKED)}
      csv={() => csvOf([...REASON, ...columns], rows)}
      tools={
        key !== null && (
          <a href={addressWith(place, { key: null })}>
            Only key <code>{key.slice(0, 60)}</code>: all keys
          </a>
        )
      }
    >
      {rows.length > 0 ? (
        <Table isWide caption="Rejected lately" columns={columns} rows={rows} keyOf={keyOf} />
      ) : rejections.length > 0 ? (
        <Empty title="Nothing was rejected for this">Another reason or key was: choose all of them.</Empty>
      ) : (
        <NothingRejected collectors={collectors} />
      )}
      <LastOf rejections={rejections} total={total} />
    </Panel>
  );
}

/** In the file alone: on the page it stands below the rule. */
const REASON = [{ head: 'Reason', raw: ({ reason }: Rejection) => reason }];

function columnsFor(place: Place): readonly Column<Rejection>[] {
  return [
    whyOf(200),
    EVENTS,
    {
      ...LAST,
      cell: ({ firstAt, lastAt }) => (
        <span class="nowrap">
          {instant(lastAt)}
          {firstAt < lastAt && <span class="small">first {instant(firstAt)}</span>}
        </span>
      ),
    },
    {
      head: 'Key',
      isBeside: true,
      cell: ({ keyId }) =>
        keyId === null ? (
          NONE
        ) : (
          <a href={addressWith(place, { key: keyId })}>
            <code>{keyId}</code>
          </a>
        ),
      raw: ({ keyId }) => keyId,
    },
    {
      head: 'Page of',
      isBeside: true,
      cell: ({ origin }) => (origin === null ? NONE : <Name text={origin} />),
      raw: ({ origin }) => origin,
    },
    {
      head: 'Last event',
      isBeside: true,
      fileHead: 'Form of the last event',
      cell: ({ message, sample }) =>
        sample === null || sample === undefined ? (
          <span class="nothing">refused whole</span>
        ) : (
          <details>
            <summary>
              Form
              <span class="hidden-text">
                {' '}
                of <bdi>{message}</bdi>
              </span>
            </summary>
            <Raw name={`Form of ${message}`} text={JSON.stringify(sample, null, 1)} />
          </details>
        ),
      raw: ({ sample }) => (sample === null || sample === undefined ? null : JSON.stringify(sample)),
    },
  ];
}

type Collector = Rejections['collectors'][number];

function Collectors({ of: { collectors } }: { readonly of: Rejections }) {
  if (collectors.length === 0) return null;
  return (
    <Panel
      title="Collectors that were asked"
      about={
        <>
          Each remembers its last 500 since it started. What came in and was stored is at <a href={addressOf('live')}>Live</a>.
        </>
      }
      csv={() => csvOf(COLLECTORS, collectors)}
      question={addressOfQuestion('rejections', { limit: 1 })}
    >
      <Table caption="Collectors that were asked" columns={COLLECTORS} rows={collectors} keyOf={({ collector }) => collector} />
    </Panel>
  );
}

const COLLECTORS: readonly Column<Collector>[] = [
  { head: 'Collector', cell: ({ collector }) => <Name text={collector} />, raw: ({ collector }) => collector },
  {
    head: 'State',
    cell: ({ problem }) => (
      <>
        <span class={`badge ${problem === null ? 'is-good' : 'is-bad'}`}>{problem === null ? 'answered' : 'silent'}</span>
        {problem !== null && <span class="small">{problem}</span>}
      </>
    ),
    raw: ({ problem }) => problem ?? 'answered',
  },
  {
    head: 'Remembers since, UTC',
    isBeside: true,
    cell: ({ since }) => instant(since),
    raw: ({ since }) => (since === null ? null : new Date(since).toISOString()),
  },
];
