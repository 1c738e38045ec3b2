/** The receipt of one erasure: how far it is, where bytes may still lie, and how it is lifted. */
import type { Answer } from '@tributary/client/operations';
import { useId, useState } from 'preact/hooks';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAction } from '../state/actions.ts';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressWith, type Place } from '../state/place.ts';

type Erasure = Answer<'erasure'>['erasure'];
type PlaceOfBytes = Erasure['bytes']['places'][number];

const EVERY_MS = 5_000;

const STATES: Readonly<Record<Erasure['state'], readonly [style: string, text: string, says: string]>> = {
  requested: [
    'is-bad',
    'requested',
    'It is not known whether the log has it, or whether it is in force: ask for it again, which is the same erasure.',
  ],
  recorded: ['is-pending', 'recorded', 'The log has it, and real time has not read it yet.'],
  notCounted: [
    'is-pending',
    'not counted',
    'Real time took back what it may still change, and refuses what comes. What was frozen counts until the next generation.',
  ],
  recomputed: ['is-good', 'recomputed', 'The generation that readers get was computed without them.'],
  lifting: ['is-pending', 'lifting', 'What comes from now on counts again once real time has read the lift.'],
  lifted: ['is-plain', 'lifted', 'What comes counts again. Nothing from before came back.'],
};

export function StateOf({ state }: Pick<Erasure, 'state'>) {
  const [style, text] = STATES[state];
  return <span class={`badge ${style}`}>{text}</span>;
}

export function ReceiptPanel({ id, place }: { readonly id: string; readonly place: Place }) {
  const receipt = useAnswer('erasure', { id }, EVERY_MS);
  const isLift = place.query.get('do') === 'lift';
  return (
    <WhenAnswered of={receipt} what="erasures and their receipts">
      {({ erasure }) => (
        <>
          {isLift && <LiftPanel erasure={erasure} place={place} />}
          <Panel
            title="Receipt"
            about={STATES[erasure.state][2]}
            question={addressOfQuestion('erasure', { id })}
            csv={() => csvOf(PLACES, erasure.bytes.places)}
            tools={
              <>
                {!isLift && erasure.state === 'recomputed' && <a href={addressWith(place, { do: 'lift' })}>Lift it</a>}
                <a href={addressWith(place, { erasure: null, do: null })}>Close</a>
              </>
            }
          >
            <Facts of={erasure} />
            <Bytes of={erasure} />
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

function Facts({ of: { id, state, askedAt, by, reason, recordedAt, generation, lifted } }: { readonly of: Erasure }) {
  return (
    <dl class="facts">
      <dt>Erasure</dt>
      <dd>
        <code>{id}</code> <StateOf state={state} />
      </dd>
      <dt>Asked for</dt>
      <dd>
        {instant(askedAt)} UTC by <Name text={by} />
      </dd>
      <dt>Reason</dt>
      <dd>{reason === null ? NONE : <Name text={reason} most={500} />}</dd>
      <dt>In the log since</dt>
      <dd>{recordedAt === null ? 'it is not known' : `${instant(recordedAt)} UTC`}</dd>
      <dt>Readers get</dt>
      <dd>{generation === null ? 'no generation without them yet' : `generation ${generation}, without them`}</dd>
      {lifted !== null && (
        <>
          <dt>Lifted</dt>
          <dd>
            {instant(lifted.at)} UTC by <Name text={lifted.by} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Bytes({ of: { bytes } }: { readonly of: Erasure }) {
  const left = bytes.places.filter(({ state }) => state === 'mayHold').length;
  return (
    <>
      <h3>Where bytes of them may still lie</h3>
      <p class="small">
        {left === 0
          ? 'In none of these places, by what is known.'
          : `In ${count(left)} of ${count(bytes.places.length)} places; each says what takes them from there.`}
      </p>
      <Table caption="Where bytes may still lie" columns={PLACES} rows={bytes.places} keyOf={({ place }) => place} />
    </>
  );
}

const BYTES: Readonly<Record<string, readonly [style: string, text: string]>> = {
  mayHold: ['is-late', 'may hold them'],
  writtenWithout: ['is-good', 'written without them'],
  searched: ['is-good', 'searched, none found'],
};

const PLACES: readonly Column<PlaceOfBytes>[] = [
  { head: 'Place', cell: ({ place }) => <code>{place}</code>, raw: ({ place }) => place },
  {
    head: 'State',
    cell: ({ state }) => {
      const [style, text] = BYTES[state] ?? ['is-unknown', state];
      return <span class={`state ${style}`}>{text}</span>;
    },
    raw: ({ state }) => state,
  },
  { head: 'What is there', cell: ({ holds }) => holds, raw: ({ holds }) => holds },
  { head: 'What takes it from there', cell: ({ until }) => until, raw: ({ until }) => until },
];

/** A receipt does not say whose it is, so the person is named by who lifts it. */
function LiftPanel({ erasure, place }: { readonly erasure: Erasure; readonly place: Place }) {
  const [user, setUser] = useState(place.query.get('user') ?? '');
  const field = useId();
  const [acted, begin] = useAction('liftErasure');
  const leave = <a href={addressWith(place, { do: null })}>Close</a>;
  if (acted.is === 'done')
    return (
      <Panel title="Lift an erasure" tools={leave}>
        <div class="notice is-good" role="status">
          <p>What comes of this key from now on counts again.</p>
        </div>
      </Panel>
    );
  return (
    <Panel title="Lift an erasure" about="Nothing happens before you type its words." tools={leave}>
      {erasure.state !== 'recomputed' ? (
        <Empty title={`An erasure that is ${STATES[erasure.state][1]} cannot be lifted`}>{STATES[erasure.state][2]}</Empty>
      ) : (
        <>
          <p>What comes of this key from then on counts again. Nothing from before the erasure comes back.</p>
          <div class="field confirm">
            <label for={field}>Whose it is: a receipt does not say</label>
            <input
              id={field}
              type="text"
              value={user}
              autocomplete="off"
              spellcheck={false}
              dir="auto"
              maxLength={256}
              onInput={(event) => setUser(event.currentTarget.value)}
            />
          </div>
          {user !== '' && <Confirm acted={acted} words={`lift ${user}`} begin={() => begin({ id: erasure.id, user })} />}
        </>
      )}
    </Panel>
  );
}
