/** Records of the log that could not be read as events. They hold what was sent, personal data too, so they need an admin key. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { cursorIn, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Raw } from '../parts/raw.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import type { PageProps } from './page-props.ts';

type DeadLetter = Answer<'deadLetters'>['deadLetters'][number];

const MOST_RAW = 600;

export function DeadLettersPage({ place }: PageProps) {
  const asked: Asked<'deadLetters'> = { limit: 50, ...cursorIn(place) };
  const letters = useAnswer('deadLetters', asked);
  return (
    <WhenAnswered of={letters} what="dead letters">
      {({ deadLetters, nextCursor }) => (
        <Panel
          title="Dead letters"
          about="Records that could not be read as events, newest first. The partition went on without them: reading one again, or removing it, is for the command line."
          question={addressOfQuestion('deadLetters', asked)}
          csv={() => csvOf(COLUMNS, deadLetters)}
        >
          {deadLetters.length === 0 ? (
            <Empty title="No dead letter">Every record of the log was read as an event.</Empty>
          ) : (
            <Table isWide caption="Dead letters" columns={COLUMNS} rows={deadLetters} keyOf={({ id }) => id} />
          )}
          <Pager place={place} nextCursor={nextCursor} older="Older dead letters" />
        </Panel>
      )}
    </WhenAnswered>
  );
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  {
    head: 'Parked, UTC',
    cell: ({ parkedAt }) => <span class="nowrap">{instant(parkedAt)}</span>,
    raw: ({ parkedAt }) => new Date(parkedAt).toISOString(),
  },
  {
    head: 'Reason',
    cell: ({ code, message }) => (
      <>
        <code>{code}</code>
        <span class="small">
          <Name text={message} most={200} />
        </span>
      </>
    ),
    raw: ({ code }) => code,
  },
  {
    head: 'Place',
    isBeside: true,
    cell: ({ partition, id }) => (
      <>
        partition {partition}
        <span class="small">
          <code>{id}</code>
        </span>
      </>
    ),
    raw: ({ id }) => id,
  },
  {
    head: 'Record',
    isBeside: true,
    cell: ({ id, raw }) => <Raw name={`Record ${id}`} text={`${raw.slice(0, MOST_RAW)}${raw.length > MOST_RAW ? '…' : ''}`} />,
    raw: ({ raw }) => raw,
  },
];
