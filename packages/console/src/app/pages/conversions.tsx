/** The conversions of the served generation, one by one: where each can be explained. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Ask, Controls, Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { instant, money } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { cursorIn, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, addressWith, go } from '../state/place.ts';
import { daysOf, PRESET_OPTIONS, presetChange, rangeOf } from '../state/window.ts';
import type { PageProps } from './page-props.ts';

type Conversion = Answer<'listConversions'>['conversions'][number];

const PAGE_ROWS = 50;

export function ConversionsPage({ place }: PageProps) {
  const days = daysOf(place.query, Date.now());
  const user = place.query.get('user');
  const asked: Asked<'listConversions'> = {
    ...rangeOf(days),
    ...(user !== null && { user }),
    limit: PAGE_ROWS,
    ...cursorIn(place),
  };
  const list = useAnswer('listConversions', asked);
  return (
    <>
      <Controls>
        <Segmented
          name="Days"
          options={PRESET_OPTIONS}
          value={days.choice}
          choose={(value) =>
            go(addressWith(place, { ...presetChange(value, days, Date.now()), cursor: null }), { replaces: true })
          }
        />
        <Ask
          name="Explain a conversion"
          value=""
          placeholder="its id, such as order-77"
          button="Explain"
          ask={(id) => go(addressOf('conversion', { id }))}
        />
        <Ask
          name="Those of one user"
          value={user ?? ''}
          placeholder="user id"
          button="Show"
          ask={(id) => go(addressWith(place, { user: id, cursor: null }))}
        />
      </Controls>
      <WhenAnswered of={list}>
        {({ conversions, nextCursor, meta }) => (
          <>
            <Missing of={meta} />
            <Panel
              title={user === null ? 'Conversions' : `Conversions of ${user}`}
              about={`${meta.cut === null ? 'They are listed from the first generation on' : `Those of generation ${meta.generation}, up to ${instant(meta.cut)} UTC. Later ones follow with the next generation`}; their ids can be explained at once.`}
              question={addressOfQuestion('listConversions', asked)}
              csv={() => csvOf([...COLUMNS, CURRENCY], conversions)}
              tools={user !== null && <a href={addressWith(place, { user: null, cursor: null })}>All users</a>}
            >
              {conversions.length === 0 ? (
                <Empty title="No conversion here">Choose more days, or wait for the next generation.</Empty>
              ) : (
                <Table caption="Conversions" columns={COLUMNS} rows={conversions} keyOf={({ userId, id }) => `${userId} ${id}`} />
              )}
              <Pager place={place} nextCursor={nextCursor} older="Older conversions" />
            </Panel>
          </>
        )}
      </WhenAnswered>
    </>
  );
}

const COLUMNS: readonly Column<Conversion>[] = [
  {
    head: 'Conversion',
    cell: ({ id, userId }) => (
      <a href={addressOf('conversion', { id, user: userId })}>
        <Name text={id} />
      </a>
    ),
    raw: ({ id }) => id,
  },
  {
    head: 'When, UTC',
    isBeside: true,
    cell: ({ ts }) => <span class="nowrap">{instant(ts)}</span>,
    raw: ({ ts }) => new Date(ts).toISOString(),
  },
  { head: 'Type', isBeside: true, cell: ({ type }) => <Name text={type} />, raw: ({ type }) => type },
  {
    head: 'Value',
    fileHead: 'valueMinor',
    isFigure: true,
    cell: ({ valueMinor, currency }) => money(valueMinor, currency),
    raw: ({ valueMinor }) => valueMinor,
  },
  {
    head: 'User',
    cell: ({ userId }) => (
      <a href={addressOf('user', { id: userId })}>
        <Name text={userId} />
      </a>
    ),
    raw: ({ userId }) => userId,
  },
];

/** In the file alone: on the page it stands in the amount. */
const CURRENCY = { head: 'Currency', raw: ({ currency }: Conversion) => currency };
