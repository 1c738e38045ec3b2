/** What other definitions would say of some users, beside those in force, before they are. The text stays on the page, as it may be longer than an address. */
import type { Answer, Asked } from '@tributary/client/operations';
import { useState } from 'preact/hooks';
import { Empty, Problem, Waiting } from '../parts/answered.tsx';
import { Panel } from '../parts/panel.tsx';
import { useAction } from '../state/actions.ts';
import { useAnswer } from '../state/answers.ts';
import { addressWith, go, type Place } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';
import { PreviewedChanges, PreviewedValues } from './previewed.tsx';

const MOST_USERS = 20;
const MOST_LENGTH = 65_536;
/** Where nothing is in force yet. */
const EXAMPLE = { signals: { searches1d: { count: 'search', window: '1d' } } };

export function PreviewPanel({ place }: { readonly place: Place }) {
  const isAdmin = useIsAdmin();
  const newest = useAnswer('generations', isAdmin ? { limit: 1 } : null);
  const number = newest.answer?.generations[0]?.generation;
  const inForce = useAnswer('generation', number === undefined ? null : { generation: number });
  const converted = useAnswer('listConversions', isAdmin ? { limit: 50 } : null);
  const leave = <a href={addressWith(place, { do: null, users: null })}>Close</a>;
  const title = 'Preview other definitions';
  if (!isAdmin)
    return (
      <Panel title={title} tools={leave}>
        <Empty title="This needs an admin key">Log out, and log in with a key of the scope admin.</Empty>
      </Panel>
    );
  const failed = [newest, inForce, converted].find(({ problem, answer }) => problem !== undefined && answer === undefined);
  const isReady =
    newest.answer !== undefined && converted.answer !== undefined && (number === undefined || inForce.answer !== undefined);
  const users = [...new Set(converted.answer?.conversions.map(({ userId }) => userId))].slice(0, MOST_USERS);
  return (
    <Panel
      title={title}
      about={`What they would say of up to ${MOST_USERS} users, beside those in force. Nothing changes: a run of the batch layer brings definitions into force.`}
      tools={leave}
    >
      {failed?.problem !== undefined ? (
        <Problem problem={failed.problem} again={failed.again} />
      ) : isReady ? (
        <Form place={place} text={textOf(inForce.answer)} users={place.query.get('users') ?? users.join('\n')} />
      ) : (
        <Waiting />
      )}
    </Panel>
  );
}

/** What stands in a file of definitions about signals. */
function textOf(generation: Answer<'generation'> | undefined): string {
  const { derived = EXAMPLE, signalRetention } = (generation?.definitions ?? {}) as {
    readonly derived?: object;
    readonly signalRetention?: object;
  };
  return JSON.stringify({ ...derived, ...(signalRetention !== undefined && { signalRetention }) }, null, 2);
}

interface FormProps {
  readonly place: Place;
  readonly text: string;
  /** One a line. */
  readonly users: string;
}

function Form({ place, text, users }: FormProps) {
  const [acted, begin] = useAction('previewDefinitions');
  const [asked, setAsked] = useState<Asked<'previewDefinitions'> | null>(null);
  const [first] = useState({ text, users });
  const ask = (form: HTMLFormElement) => {
    const data = new FormData(form);
    const named = linesOf(String(data.get('users') ?? ''));
    if (named.length === 0) return;
    const question = { definitions: String(data.get('definitions') ?? ''), users: named };
    go(addressWith(place, { users: named.slice(0, MOST_USERS).join('\n') }), { replaces: true });
    setAsked(question);
    begin(question);
  };
  return (
    <>
      <form
        class="preview"
        onSubmit={(event) => {
          event.preventDefault();
          ask(event.currentTarget);
        }}
      >
        <label>
          Definitions, as JSON or YAML
          <textarea
            name="definitions"
            rows={14}
            maxLength={MOST_LENGTH}
            defaultValue={first.text}
            required
            spellcheck={false}
            dir="ltr"
          />
        </label>
        <label>
          Users, one a line, at most {MOST_USERS}
          <textarea
            name="users"
            rows={14}
            defaultValue={first.users}
            required
            placeholder="userId, or anonymousId"
            spellcheck={false}
            dir="auto"
          />
        </label>
        <button type="submit" class="main" disabled={acted.is === 'busy'}>
          Preview
        </button>
      </form>
      <div aria-live="polite" aria-busy={acted.is === 'busy'}>
        {acted.is === 'busy' && <Waiting />}
        {acted.problem !== undefined && <Problem problem={acted.problem} />}
        {acted.answer !== undefined && asked !== null && <Shown answer={acted.answer} asked={asked} />}
      </div>
    </>
  );
}

const ORDER = ['changed', 'new', 'removed', 'same'];

function Shown({
  answer,
  asked,
}: {
  readonly answer: Answer<'previewDefinitions'>;
  readonly asked: Asked<'previewDefinitions'>;
}) {
  if (answer.definitions.length === 0)
    return (
      <Empty title="Nothing is defined, there or in force">
        Signals, sessions and segments stand under <code>signals</code>, <code>sessions</code> and <code>segments</code>.
      </Empty>
    );
  // What somebody changed is looked for first.
  const definitions = answer.definitions.toSorted((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
  return (
    <>
      <PreviewedChanges answer={{ ...answer, definitions }} asked={asked} />
      <PreviewedValues answer={{ ...answer, definitions }} />
    </>
  );
}

function linesOf(text: string): [string, ...string[]] | [] {
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))] as [string, ...string[]] | [];
}
