/** The definitions in force, and what they say of one user. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, NotLoaded, WhenAnswered } from '../parts/answered.tsx';
import { Ask, Controls, Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { type FigureOf, type FigureText, useFigureTexts } from '../parts/figure-text.ts';
import { count, duration, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Raw } from '../parts/raw.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { valueColumns } from '../parts/value-columns.tsx';
import type { SignalValue } from '../parts/value-text.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { useLater } from '../state/later.ts';
import { addressOf, addressWith, go, type Place } from '../state/place.ts';
import type { PageProps } from './page-props.ts';

type Definition = Answer<'signalDefinitions'>['definitions'][number];

const KINDS = [
  { value: '', text: 'All' },
  { value: 'signals', text: 'Signals' },
  { value: 'session', text: 'Sessions' },
  { value: 'segment', text: 'Segments' },
] as const;
const EVERY_MS = 5_000;

export function SignalsPage({ place }: PageProps) {
  const { query } = place;
  const kind = KINDS.find(({ value }) => value === query.get('kind'))?.value ?? '';
  const user = query.get('user');
  const definitions = useAnswer('signalDefinitions', {});
  const figureOf = useFigureTexts(definitions.answer?.definitions);
  const counts = useAnswer('listCounts', kind === '' ? {} : null);
  const counted = query.get('count');
  const later = useLater(() => import('./later.ts'));
  return (
    <>
      <Controls>
        <Segmented
          name="Kind"
          options={KINDS}
          value={kind}
          choose={(value) => go(addressWith(place, { kind: value, name: null, count: null, cursor: null }), { replaces: true })}
        />
        <Ask
          name="What they say of a user"
          value={user ?? ''}
          placeholder="userId, or anonymousId"
          button="Show"
          ask={(text) => go(addressWith(place, { user: text }))}
        />
      </Controls>
      {!later && <NotLoaded of={later} />}
      {later && query.get('do') === 'preview' && <later.PreviewPanel place={place} />}
      {later && counted !== null && <later.ValuesPanel name={counted} counts={counts.answer?.counts ?? []} place={place} />}
      <WhenAnswered of={definitions}>
        {({ definitions: all }) => <Shown all={all} kind={kind} user={user} place={place} figureOf={figureOf} />}
      </WhenAnswered>
      {later && kind === '' && (
        <WhenAnswered of={counts}>{(answer) => <later.CountsPanel counts={answer.counts} place={place} />}</WhenAnswered>
      )}
    </>
  );
}

interface ShownProps {
  readonly all: readonly Definition[];
  readonly kind: string;
  readonly user: string | null;
  readonly place: Place;
  readonly figureOf: FigureOf;
}

function Shown({ all, kind, user, place, figureOf }: ShownProps) {
  const rows = all.filter(
    (one) => kind === '' || kind === (one.kind === 'session' || one.kind === 'segment' ? one.kind : 'signals'),
  );
  const name = place.query.get('name');
  const chosen = name === null ? undefined : all.find((one) => one.name === name);
  const columns = columnsFor(place);
  const preview = <a href={addressWith(place, { do: 'preview', users: null })}>Preview others</a>;
  if (all.length === 0)
    return (
      <Panel
        title="No signal, session or segment is defined"
        tools={preview}
        question={addressOfQuestion('signalDefinitions', {})}
      >
        <Empty title="Write down what to ask of each user">
          In a file of definitions, such as <code>docs/examples/signals.yaml</code>; then{' '}
          <code>npx tributary batch run --definitions FILE</code> brings it into force.
        </Empty>
      </Panel>
    );
  return (
    <>
      {/* What was chosen stands first: a page that was followed to begins at its top. */}
      {name !== null && <One definition={chosen} name={name} user={user} place={place} figure={figureOf(name)} />}
      {user !== null && (
        <ValuesOf
          user={user}
          names={rows.map((one) => one.name)}
          isPart={rows.length < all.length}
          place={place}
          figureOf={figureOf}
        />
      )}
      <Panel
        title="Definitions in force"
        about="They hold for every user. Choose one to see all of it."
        tools={preview}
        question={addressOfQuestion('signalDefinitions', {})}
        csv={() => csvOf(columns, rows)}
      >
        {rows.length === 0 ? (
          <Empty title="None of this kind is defined" />
        ) : (
          <Table caption="Definitions in force" columns={columns} rows={rows} keyOf={(one) => one.name} />
        )}
      </Panel>
    </>
  );
}

function columnsFor(place: Place): readonly Column<Definition>[] {
  return [
    {
      head: 'Name',
      cell: ({ name }) => (
        <a href={addressWith(place, { name, count: null, cursor: null })}>
          <Name text={name} beside="text" />
        </a>
      ),
      raw: ({ name }) => name,
    },
    { head: 'Says', cell: ({ says }) => <bdi class="sentence">{says}</bdi>, raw: ({ says }) => says },
    { head: 'Kind', isBeside: true, cell: ({ kind }) => kind, raw: ({ kind }) => kind },
    {
      head: 'Looks back',
      fileHead: 'reachMs',
      isBeside: true,
      cell: ({ reachMs }) => duration(reachMs),
      raw: ({ reachMs }) => reachMs,
    },
    { head: 'Version', isBeside: true, cell: ({ version }) => <code>{version}</code>, raw: ({ version }) => version },
  ];
}

interface OneProps {
  readonly definition: Definition | undefined;
  readonly name: string;
  readonly user: string | null;
  readonly place: Place;
  readonly figure: FigureText | undefined;
}

function One({ definition, name, user, place, figure }: OneProps) {
  const later = useLater(() => import('./later.ts'));
  const back = <a href={addressWith(place, { name: null, cursor: null })}>Close</a>;
  if (definition === undefined)
    return (
      <Panel title="This definition is not in force" tools={back}>
        <Empty title={name.slice(0, 64)}>Names are compared letter by letter; a run may have taken it out.</Empty>
      </Panel>
    );
  const { kind, version, says, reachMs, byDay, definition: resolved, fields } = definition;
  const named = Object.keys(fields).length;
  return (
    <>
      <Panel title={definition.name} about={says} tools={back} question={addressOfQuestion('signalDefinitions', {})}>
        <dl class="facts">
          <dt>Kind</dt>
          <dd>{kind}</dd>
          <dt>Looks back</dt>
          <dd>{duration(reachMs)}</dd>
          <dt>Version</dt>
          <dd>
            <code>{version}</code>
          </dd>
        </dl>
        <details>
          <summary>With every default filled in{named > 0 && `, and ${count(named)} fields of properties`}</summary>
          <Raw name={definition.name} text={JSON.stringify({ ...resolved, ...(named > 0 && { fields }) }, null, 2)} />
        </details>
      </Panel>
      {/* Where it cannot be loaded the page says so. */}
      {later === undefined && <NotLoaded of={later} />}
      {later && user !== null && <later.ValueOverTime user={user} name={name} place={place} figure={figure} />}
      {later && byDay && <later.MemberDaysPanel name={name} />}
      {later && kind === 'segment' && <later.MembersPanel name={name} place={place} />}
    </>
  );
}

interface ValuesProps {
  readonly user: string;
  readonly names: readonly string[];
  /** Others are in force as well. */
  readonly isPart: boolean;
  readonly place: Place;
  readonly figureOf: FigureOf;
}

const MOST_NAMES = 200;

function ValuesOf({ user, names, isPart, place, figureOf }: ValuesProps) {
  const asked: Asked<'userValues'> = {
    id: user,
    ...(isPart && { signals: names.slice(0, MOST_NAMES) as [string, ...string[]] }),
  };
  const values = useAnswer('userValues', names.length === 0 ? null : asked, EVERY_MS);
  if (names.length === 0) return null;
  const addressOfName = (name: string) => addressWith(place, { name, count: null, cursor: null });
  const columns = [...valueColumns(figureOf, addressOfName), VERSION];
  return (
    <WhenAnswered of={values}>
      {({ asOf, values: found, status, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="What they say of this user"
            about={
              <>
                <a href={addressOf('user', { id: user })}>
                  <Name text={user} />
                </a>
                , as of {instant(asOf)} UTC.
                {status === 'NOT_FOUND' && ' No event of this user is stored: values are those of a user without events.'}
              </>
            }
            question={addressOfQuestion('userValues', asked)}
            csv={() => csvOf(columns, Object.entries(found))}
          >
            <Table caption="What they say of this user" columns={columns} rows={Object.entries(found)} keyOf={([name]) => name} />
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

const VERSION: Column<readonly [string, SignalValue]> = {
  head: 'Version',
  isBeside: true,
  cell: ([, { version }]) => <code>{version}</code>,
  raw: ([, { version }]) => version,
};
