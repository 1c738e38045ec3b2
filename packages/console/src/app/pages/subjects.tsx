/**
 * People behind keys: which keys are one person's, which erasures there are, and the receipt of each. Erasing somebody, and lifting that, is
 * previewed here and done when its words are typed; the preview stands in the address (`do`), nothing happens before the words.
 */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Ask, Controls } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { cursorIn, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, addressWith, go, type Place } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';
import { ErasePanel } from './erase.tsx';
import type { PageProps } from './page-props.ts';
import { ReceiptPanel, StateOf } from './receipt.tsx';

type Keys = Answer<'userKeys'>;
type Erasure = Answer<'erasures'>['erasures'][number];

const EVERY_MS = 5_000;
const PAGE_ROWS = 50;

export function SubjectsPage({ place }: PageProps) {
  const user = place.query.get('user');
  const erasure = place.query.get('erasure');
  return (
    <>
      <Controls>
        <Ask
          name="Person"
          value={user ?? ''}
          placeholder="userId, or anonymousId"
          button="Show"
          ask={(text) => go(addressOf('subjects', { user: text }))}
        />
      </Controls>
      {user !== null && place.query.get('do') === 'erase' && <ErasePanel key={user} user={user} place={place} />}
      {user !== null && <KeysPanel user={user} place={place} />}
      {erasure !== null && <ReceiptPanel key={erasure} id={erasure} place={place} />}
      <Erasures user={user} place={place} />
    </>
  );
}

function KeysPanel({ user, place }: { readonly user: string; readonly place: Place }) {
  const isAdmin = useIsAdmin();
  const keys = useAnswer('userKeys', { id: user }, EVERY_MS);
  return (
    <WhenAnswered of={keys}>
      {({ userId, owner, links, keys: others, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="Keys of this person"
            about={
              owner === userId ? (
                'This key answers for itself.'
              ) : (
                <>
                  This key belongs to{' '}
                  <a href={addressOf('subjects', { user: owner })}>
                    <Name text={owner} />
                  </a>
                  , who answers for it.
                </>
              )
            }
            question={addressOfQuestion('userKeys', { id: user })}
            csv={() => csvOf(KEYS, others)}
            tools={
              <>
                <a href={addressOf('user', { id: user })}>What they did</a>
                {isAdmin && <a href={addressWith(place, { do: 'erase', erasure: null })}>Erase this person</a>}
              </>
            }
          >
            {others.length === 0 ? (
              <Empty title="No other key is linked to this person">
                Keys are joined where the definitions have <code>identity</code> and a site sends identify or alias.
              </Empty>
            ) : (
              <Table caption="Keys of this person" columns={KEYS} rows={others} keyOf={({ userId: key }) => key} />
            )}
            {links.length > 0 && (
              <details open={owner !== userId}>
                <summary>To whom this key was linked</summary>
                <Table
                  caption="To whom this key was linked"
                  columns={LINKS}
                  rows={links}
                  keyOf={({ userId: to, since, receivedAt }) => `${to} ${since} ${receivedAt}`}
                />
              </details>
            )}
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

const KEYS: readonly Column<Keys['keys'][number]>[] = [
  {
    head: 'Key',
    cell: ({ userId }) => (
      <a href={addressOf('subjects', { user: userId })}>
        <Name text={userId} />
      </a>
    ),
    raw: ({ userId }) => userId,
  },
  {
    head: 'Linked, UTC',
    cell: ({ since }) => (since === null ? 'before what is kept' : <span class="nowrap">{instant(since)}</span>),
    raw: ({ since }) => (since === null ? null : new Date(since).toISOString()),
  },
  { head: 'Events', isFigure: true, cell: ({ events }) => count(events), raw: ({ events }) => events },
];

const LINKS: readonly Column<Keys['links'][number]>[] = [
  {
    head: 'Belongs to',
    cell: ({ userId }) => (
      <a href={addressOf('subjects', { user: userId })}>
        <Name text={userId} />
      </a>
    ),
  },
  { head: 'Since, UTC', cell: ({ since }) => <span class="nowrap">{instant(since)}</span> },
  { head: 'Received, UTC', cell: ({ receivedAt }) => <span class="nowrap">{instant(receivedAt)}</span> },
  { head: 'State', cell: ({ undone }) => (undone ? 'undone' : 'holds') },
];

function Erasures({ user, place }: { readonly user: string | null; readonly place: Place }) {
  const asked: Asked<'erasures'> = { ...(user !== null && { user }), limit: PAGE_ROWS, ...cursorIn(place) };
  const erasures = useAnswer('erasures', asked, EVERY_MS);
  const columns = columnsFor(place);
  return (
    <WhenAnswered of={erasures} what="erasures and their receipts">
      {({ erasures: all, nextCursor }) => (
        <Panel
          title={user === null ? 'Erasures' : 'Erasures of this key'}
          about="Newest first. No row says whose data it is. What does not count any more may still lie on a disk: the receipt says where."
          question={addressOfQuestion('erasures', asked)}
          csv={() => csvOf(columns, all)}
        >
          {all.length === 0 ? (
            <Empty title={user === null ? 'No erasure yet' : 'This key was not erased'}>
              {user === null ? 'Choose a person above to see their keys, and what an erasure would do.' : undefined}
            </Empty>
          ) : (
            <Table caption="Erasures" columns={columns} rows={all} keyOf={({ id }) => id} />
          )}
          <Pager place={place} nextCursor={nextCursor} older="Older erasures" />
        </Panel>
      )}
    </WhenAnswered>
  );
}

function columnsFor(place: Place): readonly Column<Erasure>[] {
  return [
    {
      head: 'Asked for, UTC',
      cell: ({ id, askedAt }) => (
        <a class="nowrap" href={addressWith(place, { erasure: id, do: null })}>
          {instant(askedAt)}
        </a>
      ),
      raw: ({ askedAt }) => new Date(askedAt).toISOString(),
    },
    { head: 'State', cell: ({ state }) => <StateOf state={state} />, raw: ({ state }) => state },
    { head: 'By', isBeside: true, cell: ({ by }) => <Name text={by} />, raw: ({ by }) => by },
    {
      head: 'Reason',
      cell: ({ reason }) => (reason === null ? NONE : <Name text={reason} most={120} />),
      raw: ({ reason }) => reason,
    },
    { head: 'Receipt', isBeside: true, cell: ({ id }) => <code>{id}</code>, raw: ({ id }) => id },
  ];
}
