/** Why the credit of one conversion went where it went: every touch, its part under each model, and the reason. */
import type { Answer } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Ask, Controls } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, counted, duration, instant, money, percent } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, go } from '../state/place.ts';
import type { PageProps } from './page-props.ts';

type Explained = Answer<'explainConversion'>;
type Touch = Explained['touches'][number];

const WHOLE_MICROS = 1_000_000;

export function ConversionPage({ place }: PageProps) {
  const id = place.query.get('id');
  const user = place.query.get('user');
  const asked = id === null ? null : { id, ...(user !== null && { user }) };
  const explained = useAnswer('explainConversion', asked);
  return (
    <>
      <Controls>
        <Ask
          name="Conversion"
          value={id ?? ''}
          placeholder="the id of its event, such as order-77"
          button="Explain"
          ask={(text) => go(addressOf('conversion', { id: text }))}
        />
      </Controls>
      {asked === null ? (
        <Panel title="No conversion is chosen">
          <Empty title="Which one?">
            Type its id, or choose one of <a href={addressOf('conversions')}>the list</a>.
          </Empty>
        </Panel>
      ) : (
        <WhenAnswered of={explained}>
          {(answer) => <Shown answer={answer} question={addressOfQuestion('explainConversion', asked)} />}
        </WhenAnswered>
      )}
    </>
  );
}

function Shown({ answer, question }: { readonly answer: Explained; readonly question: string }) {
  const { conversion, userId, attributed, touches, models, meta, refunds, order, omittedTouches } = answer;
  const eligible = touches.filter((touch) => touch.eligible);
  const others = touches.filter((touch) => !touch.eligible);
  const columns = columnsOf(answer);
  const sumOf = (model: string) => {
    const micros = eligible.reduce((sum, { credits }) => sum + (credits[model]?.creditMicros ?? 0), answer.unattributedMicros);
    const value = eligible.reduce((sum, { credits }) => sum + (credits[model]?.valueMinor ?? 0), 0);
    return (
      <>
        {percent(micros / WHOLE_MICROS)}
        {attributed && <span class="small">{money(value, conversion.currency)}</span>}
      </>
    );
  };
  return (
    <>
      <Missing of={meta} />
      <dl class="figures">
        <div>
          <dt>Value</dt>
          <dd>{money(conversion.valueMinor, conversion.currency)}</dd>
          <dd class="small">
            <Name text={conversion.type} />
          </dd>
        </div>
        <div>
          <dt>When</dt>
          <dd class="is-smaller">{instant(conversion.ts)}</dd>
          <dd class="small">UTC</dd>
        </div>
        <div>
          <dt>User</dt>
          <dd class="is-smaller">
            <a href={addressOf('user', { id: userId })}>
              <Name text={userId} most={32} />
            </a>
          </dd>
          <dd class="small">
            touches: {eligible.length} eligible of {count(touches.length + omittedTouches)}
          </dd>
        </div>
        <div>
          <dt>Order</dt>
          <dd class="is-smaller">{order === null ? 'none named' : <Name text={order} most={32} />}</dd>
          <dd class="small">{refunds.length === 0 ? 'nothing was refunded' : counted(refunds.length, 'refund')}</dd>
        </div>
      </dl>
      <Panel
        title="Credit of each touch"
        about="Oldest first. Under every model the credits add up to one conversion, and the amounts to its value, exactly. Credit describes paths, it is not the effect of a channel."
        question={question}
        csv={() => csvOf(columns, eligible)}
      >
        {!attributed ? (
          <Empty title="No touch was eligible">All credit goes to (unattributed).</Empty>
        ) : (
          <Table
            caption="Credit of each touch"
            columns={columns}
            rows={eligible}
            keyOf={({ id }) => id}
            foot={['All of it', '', ...models.map(sumOf)]}
          />
        )}
      </Panel>
      {others.length > 0 && (
        <Panel
          title="Touches without credit"
          about="Seen, but not eligible for this conversion."
          question={question}
          csv={() => csvOf(OTHERS, others)}
        >
          <Table caption="Touches without credit" columns={OTHERS} rows={others} keyOf={({ id }) => id} />
          {omittedTouches > 0 && <p class="small">{count(omittedTouches)} older ones are not listed.</p>}
        </Panel>
      )}
      {refunds.length > 0 && (
        <Panel
          title="Refunds"
          about="Events of this user that name the order, of a value below zero."
          question={question}
          csv={() => csvOf(REFUNDS, refunds)}
        >
          <Table caption="Refunds" columns={REFUNDS} rows={refunds} keyOf={({ id }) => id} />
        </Panel>
      )}
    </>
  );
}

function columnsOf({ conversion, models }: Explained): Column<Touch>[] {
  return [
    {
      head: 'Touch',
      cell: ({ channel, campaign, type }) => (
        <>
          <b>
            <Name text={channel} />
          </b>
          <span class="small">
            {campaign !== '(none)' && (
              <>
                <Name text={campaign} most={40} /> ·{' '}
              </>
            )}
            <Name text={type} most={30} />
          </span>
        </>
      ),
      raw: ({ channel }) => channel,
    },
    {
      head: 'Before the conversion',
      cell: ({ ts, reason }) => (
        <span title={reason} class="nowrap">
          {duration(conversion.ts - ts)}
          <span class="small">{instant(ts)}</span>
        </span>
      ),
      raw: ({ ts }) => new Date(ts).toISOString(),
    },
    ...models.map(
      (model): Column<Touch> => ({
        head: model,
        fileHead: `${model} creditMicros`,
        isFigure: true,
        cell: ({ credits }) => (
          <Part
            micros={credits[model]?.creditMicros ?? 0}
            minor={credits[model]?.valueMinor ?? 0}
            currency={conversion.currency}
          />
        ),
        raw: ({ credits }) => credits[model]?.creditMicros ?? 0,
      }),
    ),
  ];
}

function Part({ micros, minor, currency }: { readonly micros: number; readonly minor: number; readonly currency: string }) {
  if (micros === 0) return <span class="nothing">0</span>;
  return (
    <span class="part">
      {percent(micros / WHOLE_MICROS)}
      <span class="part-bar" aria-hidden="true">
        <i style={{ width: `${micros / 10_000}%` }} />
      </span>
      <span class="small">{money(minor, currency)}</span>
    </span>
  );
}

const OTHERS: readonly Column<Touch>[] = [
  { head: 'Channel', cell: ({ channel }) => <Name text={channel} />, raw: ({ channel }) => channel },
  { head: 'Campaign', cell: ({ campaign }) => <Name text={campaign} />, raw: ({ campaign }) => campaign },
  { head: 'When, UTC', cell: ({ ts }) => <span class="nowrap">{instant(ts)}</span>, raw: ({ ts }) => new Date(ts).toISOString() },
  { head: 'Why not', cell: ({ reason }) => reason, raw: ({ reason }) => reason },
];

const REFUNDS: readonly Column<Explained['refunds'][number]>[] = [
  { head: 'Event', cell: ({ id }) => <Name text={id} />, raw: ({ id }) => id },
  { head: 'When, UTC', cell: ({ ts }) => <span class="nowrap">{instant(ts)}</span>, raw: ({ ts }) => new Date(ts).toISOString() },
  {
    head: 'Value',
    fileHead: 'valueMinor',
    isFigure: true,
    cell: ({ valueMinor, currency }) => money(valueMinor, currency),
    raw: ({ valueMinor }) => valueMinor,
  },
  { head: 'Reports count it', cell: ({ counts }) => (counts ? 'yes' : 'no'), raw: ({ counts }) => counts },
];
