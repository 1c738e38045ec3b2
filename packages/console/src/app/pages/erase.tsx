/** Erasing one person: what it takes in and what it cannot give back is shown first, then its words are typed. */
import type { Answer } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { count } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { useAction } from '../state/actions.ts';
import { useAnswer } from '../state/answers.ts';
import { addressWith, type Place } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';

interface Props {
  readonly user: string;
  readonly place: Place;
}

export function ErasePanel({ user, place }: Props) {
  const isAdmin = useIsAdmin();
  const keys = useAnswer('userKeys', isAdmin ? { id: user } : null);
  const [acted, begin] = useAction('eraseUsers');
  const leave = <a href={addressWith(place, { do: null })}>Close</a>;
  if (!isAdmin)
    return (
      <Panel title="Erase a person" tools={leave}>
        <Empty title="This needs an admin key">Log out, and log in with a key of the scope admin.</Empty>
      </Panel>
    );
  if (acted.answer !== undefined)
    return (
      <Panel title="Erase a person" tools={leave}>
        <div class="notice is-good" role="status">
          <p>The log has it. From now on nothing of this person counts, and what comes of them is refused.</p>
          <p>
            {acted.answer.erasures.map(({ id }, i) => (
              <a key={id} href={addressWith(place, { erasure: id, do: null })}>
                {i === 0 ? 'Its receipt' : ` and that of key ${i + 1}`}
              </a>
            ))}
          </p>
        </div>
        {acted.answer.warnings.length > 0 && (
          <div class="banner" role="status">
            <p class="banner-title">
              <strong>They may have more keys.</strong>
            </p>
            <ul>
              {acted.answer.warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </div>
        )}
      </Panel>
    );
  return (
    <Panel title="Erase a person" about="Nothing happens before you type its words." tools={leave}>
      <WhenAnswered of={keys}>
        {(answer) => (
          <>
            <Missing of={answer.meta} />
            <Effect of={answer} />
            <Confirm
              acted={acted}
              words={`erase ${user}`}
              reason="Reason for the receipt, which must not name them"
              begin={(reason) => begin({ users: [user], ...(reason !== '' && { reason }) })}
            />
          </>
        )}
      </WhenAnswered>
    </Panel>
  );
}

function Effect({ of: { userId, owner, keys } }: { readonly of: Answer<'userKeys'> }) {
  const names = [...new Set([userId, owner, ...keys.map((one) => one.userId)])];
  const events = keys.reduce((sum, one) => sum + one.events, 0);
  return (
    <>
      <p>
        Nothing of this person counts from then on: signals, reports and segments lose them, what comes of them is refused until
        it is lifted, and what was there does not come back. Bytes in files go later; the receipt follows them.
      </p>
      <dl class="facts">
        <dt>Keys</dt>
        <dd>
          {names.slice(0, MOST_NAMES).map((name) => (
            <span key={name} class="field-of">
              <Name text={name} most={40} />{' '}
            </span>
          ))}
          {names.length > MOST_NAMES && `and ${count(names.length - MOST_NAMES)} more`}
        </dd>
        {keys.length > 0 && (
          <>
            <dt>Events of linked keys</dt>
            <dd>{count(events)}</dd>
          </>
        )}
      </dl>
    </>
  );
}

const MOST_NAMES = 20;
