/**
 * Something that changes what readers get, or begins a run: what it will do is shown first, then its words are typed. Which one it is stands in
 * the address (`do`, `generation`), so a colleague can be sent the preview; nothing happens before the words are typed.
 */
import type { Answer } from '@tributary/client/operations';
import { useState } from 'preact/hooks';
import { Done, Empty, Problem, WhenAnswered } from '../parts/answered.tsx';
import { Confirm, capital } from '../parts/confirm.tsx';
import { Segmented } from '../parts/controls.tsx';
import { bytes, count, duration, instant, percent } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { type Acted, useAction, usePlan } from '../state/actions.ts';
import { useAnswer } from '../state/answers.ts';
import { addressWith, go, placeNow } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';
import { Compared } from './compared.tsx';
import { type ActionProps, actionAddress, actionsOn, WHAT, type What } from './generation-actions.ts';

type Generation = Answer<'generations'>['generations'][number];

const VERBS: Readonly<Record<Exclude<What, 'run'>, string>> = {
  promote: 'promote',
  discard: 'discard',
  publish: 'publish',
  rollback: 'roll back to',
};

export function ActionPanel({ place, generations, served }: ActionProps) {
  const isAdmin = useIsAdmin();
  const what = WHAT.find((name) => name === place.query.get('do'));
  const [said, say] = useState<string | null>(null);
  const asked = place.query.get('run');
  if (what === undefined) return null;
  const number = Number(place.query.get('generation'));
  const title = what === 'run' ? 'Run the batch layer' : `${capital(VERBS[what])} generation ${number}`;
  const leave = <a href={actionAddress(place, null)}>Close</a>;
  if (!isAdmin)
    return (
      <Panel title={title} tools={leave}>
        <Empty title="This needs an admin key">Log out, and log in with a key of the scope admin.</Empty>
      </Panel>
    );
  if (said !== null)
    return (
      <Panel title={title} tools={leave}>
        <Done>{said}</Done>
      </Panel>
    );
  if (what === 'run')
    return (
      <Panel
        title={title}
        tools={leave}
        about="It computes what is archived as a new generation. Nothing happens before you type its words."
      >
        {asked === null ? <Run place={place} /> : <Asked id={asked} />}
      </Panel>
    );
  const one = generations.find(({ generation }) => generation === number);
  return (
    <Panel title={title} tools={leave} about="Nothing happens before you type its words.">
      {one === undefined || !actionsOn(one, served).includes(what) ? (
        <Empty title={`Generation ${number} is not one to ${VERBS[what]}`}>
          It may have been done already, or the list below goes on to other ones: it says how each stands.
        </Empty>
      ) : (
        <Move what={what} one={one} served={served} current={generations.find(({ current }) => current)} say={say} />
      )}
    </Panel>
  );
}

interface MoveProps {
  readonly what: Exclude<What, 'run'>;
  readonly one: Generation;
  readonly served: number;
  readonly current: Generation | undefined;
  /** Called with what was done. */
  readonly say: (done: string) => void;
}

const OPERATIONS = {
  promote: 'publishGeneration',
  publish: 'publishGeneration',
  discard: 'discardGeneration',
  rollback: 'rollbackGeneration',
} as const;

const EFFECTS: Readonly<Record<MoveProps['what'], (one: number, served: number) => string>> = {
  promote: (one, served) =>
    `Readers get generation ${one} in place of ${served || 'real time alone'}, in every report at once. A rollback undoes it.`,
  publish: (one, served) =>
    `Readers get generation ${one} in place of ${served || 'real time alone'}, in every report at once. A rollback undoes it.`,
  discard: (one, served) =>
    `Readers keep ${served === 0 ? 'real time alone' : `generation ${served}`}. Generation ${one} can never be published again, and its files go with the next run: this cannot be undone.`,
  rollback: (one, served) =>
    `Readers get generation ${one} in place of ${served}, and what came since its cut from the live layer. Scheduled runs do not publish until somebody publishes by hand.`,
};

function Move({ what, one, served, current, say }: MoveProps) {
  const { generation } = one;
  const [acted, begin] = useAction(OPERATIONS[what], () =>
    say(what === 'discard' ? `Generation ${generation} was given up.` : `Readers get generation ${generation}.`),
  );
  const [previewed] = useState(served);
  const words = `${VERBS[what]} ${generation}`;
  // What would be done now is another thing than what was looked at.
  if (previewed !== served && acted.is === 'ready')
    return (
      <Empty title="Readers got another generation meanwhile">
        They have {served === 0 ? 'none' : `number ${served}`} now. Close this, and look at what would change from there.
      </Empty>
    );
  return (
    <>
      <p>{EFFECTS[what](generation, previewed)}</p>
      <dl class="facts">
        <dt>Its cut</dt>
        <dd>{instant(one.createdAt)} UTC</dd>
        <dt>Its events</dt>
        <dd>
          {count(one.counts.events)}
          {current !== undefined && `; readers have ${count(current.counts.events)}`}
        </dd>
        <dt>Its definitions</dt>
        <dd>
          {current === undefined || current.definitionsVersion === one.definitionsVersion
            ? 'those that readers have'
            : 'others than readers have'}
        </dd>
      </dl>
      {what === 'rollback' ? (
        <Difference of={previewed} title={`What generation ${previewed} changed, which this takes back`} />
      ) : (
        <Difference of={generation} title="What changes for readers" />
      )}
      <Confirm
        acted={acted}
        words={words}
        reason="Why, for those who read the list later"
        begin={(why) =>
          begin({ generation, ...(what !== 'discard' && { comparedWith: previewed }), ...(why !== '' && { why }) } as Parameters<
            typeof begin
          >[0])
        }
      />
    </>
  );
}

/** As it was compared when it was computed. */
function Difference({ of: generation, title }: { readonly of: number; readonly title: string }) {
  const compared = useAnswer('reconciliation', generation === 0 ? null : { generation });
  if (compared.problem?.status === 404 || generation === 0)
    return <p class="small">It was not compared, so its difference is not known here.</p>;
  return (
    <WhenAnswered of={compared}>
      {({ reconciliation }) => (
        <>
          <h3>{title}</h3>
          <ol class="compared">
            <Compared of={reconciliation} isOpen caption={title} />
          </ol>
        </>
      )}
    </WhenAnswered>
  );
}

export const MODES = [
  { value: 'incremental', text: 'What is new' },
  { value: 'full', text: 'All of the archive' },
] as const;
export const PROMOTE = [
  { value: 'auto', text: 'Readers get it at once' },
  { value: 'ask', text: 'Stage it, and ask' },
] as const;

type Priority = Answer<'run'>['priority'];

const PRIORITIES = [
  { value: 'high', text: 'Before others that wait' },
  { value: 'normal', text: 'In its turn' },
  { value: 'low', text: 'After others that wait' },
] as const satisfies readonly { readonly value: Priority; readonly text: string }[];

function Run({ place }: Pick<ActionProps, 'place'>) {
  const mode = MODES.find(({ value }) => value === place.query.get('mode'))?.value ?? 'incremental';
  const promote = PROMOTE.find(({ value }) => value === place.query.get('promote'))?.value ?? 'auto';
  const priority = PRIORITIES.find(({ value }) => value === place.query.get('priority'))?.value ?? 'normal';
  const plan = usePlan(mode);
  const [acted, begin] = useAction('requestGeneration', ({ jobId }) =>
    go(addressWith(placeNow(), { do: 'run', run: jobId }), { replaces: true }),
  );
  const choose = (changes: Readonly<Record<string, string>>) => go(addressWith(place, changes), { replaces: true });
  return (
    <>
      <div class="controls">
        <Segmented name="Computes" options={MODES} value={mode} choose={(value) => choose({ mode: value })} />
        <Segmented name="Then" options={PROMOTE} value={promote} choose={(value) => choose({ promote: value })} />
        <Segmented name="Begins" options={PRIORITIES} value={priority} choose={(value) => choose({ priority: value })} />
      </div>
      <Plan of={plan} />
      <Confirm acted={acted} words={`run ${mode}`} begin={() => begin({ mode, promote, priority })} />
    </>
  );
}

const OUTCOMES: Readonly<Record<NonNullable<Answer<'run'>['outcome']>, string>> = {
  published: 'Readers get it.',
  already: 'Readers had got it already.',
  held: 'It is computed, and waits: somebody must publish it by hand.',
  overtaken: 'It is computed; somebody published another one meanwhile.',
  staged: 'It is staged: promote or discard it in the list below.',
  nothing_new: 'Nothing new had come, so none was made.',
};
const STATES: Readonly<Record<Answer<'run'>['state'], readonly [string, string]>> = {
  waiting: ['is-pending', 'waits for its turn'],
  running: ['is-pending', 'is under way'],
  done: ['is-good', 'is done'],
  failed: ['is-bad', 'failed'],
  cancelled: ['is-plain', 'was cancelled'],
};

/** How far a run is that was asked for here: its id is in the address, so that it can be followed later, and by others. */
function Asked({ id }: { readonly id: string }) {
  const run = useAnswer('run', { id }, FOLLOW_MS);
  return (
    <WhenAnswered of={run}>
      {({ state, mode, priority, generation, outcome, progress, counts, failure, queuedAt, beganAt, endedAt }) => (
        <>
          <p role="status">
            <span class={`badge ${STATES[state][0]}`}>The run {STATES[state][1]}</span> {outcome !== null && OUTCOMES[outcome]}
          </p>
          <dl class="facts">
            <dt>Run</dt>
            <dd>
              <code>{id.slice(0, 128)}</code>, {mode}
              {priority !== 'normal' && `, ${priority} priority`}
            </dd>
            <dt>Asked for</dt>
            <dd>
              {instant(queuedAt)} UTC{beganAt !== null && endedAt !== null && `; it took ${duration(endedAt - beganAt)}`}
            </dd>
            {progress !== null && (
              <>
                <dt>It is at</dt>
                <dd>
                  {progress.stage}
                  {progress.percent !== null && `, ${progress.percent} %`}
                </dd>
              </>
            )}
            <dt>Generation</dt>
            <dd>
              {generation ?? 'none yet'}
              {counts !== null && `, with ${count(counts.newEvents)} new events of ${count(counts.events)}`}
            </dd>
          </dl>
          {failure !== null && <p class="login-why">{failure}</p>}
        </>
      )}
    </WhenAnswered>
  );
}

const FOLLOW_MS = 2_000;

const FULL_BECAUSE = {
  asked: 'a full one was asked for',
  nothing_computed: 'no generation is published whose files are there',
  erased_since: 'the published one is of an older copy, and counts users who were erased since',
  fields_missing: 'the events of the published one lack a field',
  counted_once_changed: 'conversions are counted once by another key',
} as const satisfies Record<NonNullable<Answer<'planReprocessing'>['plan']['fullBecause']>, string>;

const NOT_ESTIMATED = {
  too_few_runs: 'fewer than three runs of this kind',
  rows_again: 'all rows are computed again',
  corrections_changed: 'corrections changed',
  definitions_changed: 'other definitions compute all rows again',
} as const;

function isNotEstimated(unknown: string): unknown is keyof typeof NOT_ESTIMATED {
  return unknown in NOT_ESTIMATED;
}

function Plan({ of: { is, answer, problem } }: { readonly of: Acted<'planReprocessing'> }) {
  if (problem !== undefined) return <Problem problem={problem} />;
  if (answer === undefined)
    return (
      <p class="small" role="status">
        {is === 'busy' ? 'Asking what it would read …' : ''}
      </p>
    );
  const { mode, base, fullBecause, archive, reread, kept, notArchived, estimate } = answer.plan;
  return (
    <dl class="facts">
      <dt>It computes</dt>
      <dd>
        {mode === 'full' ? 'all of the archive' : `what is new since generation ${base}`}
        {fullBecause !== null && `, because ${FULL_BECAUSE[fullBecause]}`}
      </dd>
      <dt>It reads</dt>
      <dd>
        {count(archive.rows)} archived events ({bytes(archive.bytes)})
        {reread !== null && `, ${count(reread.rows)} of days in which corrections changed`}
        {base !== null && `, and what they touch of ${count(kept.rows)} rows that are kept`}
      </dd>
      <dt>Not archived yet</dt>
      <dd>
        {notArchived === null
          ? 'not known'
          : notArchived.partitions === 0
            ? 'nothing'
            : `entries of ${notArchived.partitions} partitions, the oldest ${duration(notArchived.oldestMs)} old: it reads them too`}
      </dd>
      <dt>It takes</dt>
      <dd>
        {estimate === null
          ? `not known: ${NOT_ESTIMATED[answer.plan.unknown.find(isNotEstimated) ?? 'too_few_runs']}`
          : `about ${duration(estimate.seconds * 1_000)}; half of ${estimate.runs} earlier runs were off by more than ${percent(estimate.medianError)}`}
      </dd>
    </dl>
  );
}
