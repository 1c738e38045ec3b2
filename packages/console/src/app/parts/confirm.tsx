/** The last step of an action: its words are typed, letter by letter, and only then can it be sent. */
import { useId, useState } from 'preact/hooks';
import type { Acted, Action } from '../state/actions.ts';
import { Problem } from './answered.tsx';

interface Props {
  readonly acted: Acted<Action>;
  /** What must be typed. */
  readonly words: string;
  /** Asks for a reason as well, with this label. */
  readonly reason?: string;
  readonly begin: (why: string) => void;
}

export function Confirm({ acted, words, reason, begin }: Props) {
  const [typed, setTyped] = useState('');
  const [field, whyField] = [useId(), useId()];
  const isTyped = typed.trim() === words.trim();
  return (
    <form
      class="confirm"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isTyped || acted.is === 'busy') return;
        begin(String(new FormData(event.currentTarget).get('why') ?? '').trim());
      }}
    >
      {acted.problem !== undefined && <Problem problem={acted.problem} />}
      {reason !== undefined && (
        <div class="field">
          <label for={whyField}>{reason}</label>
          <input id={whyField} name="why" type="text" maxLength={500} autocomplete="off" />
        </div>
      )}
      <div class="field">
        <label for={field}>
          Type{' '}
          <b>
            <bdi>{words}</bdi>
          </b>{' '}
          to confirm
        </label>
        <input
          id={field}
          type="text"
          value={typed}
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      <button type="submit" class="main" disabled={!isTyped || acted.is === 'busy'}>
        {acted.is === 'busy' ? 'Asking …' : <bdi>{capital(words)}</bdi>}
      </button>
    </form>
  );
}

export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
