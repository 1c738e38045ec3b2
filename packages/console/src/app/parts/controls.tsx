/** What a reader chooses by. Each is a control of the browser, and each choice is in the address. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Option {
  readonly value: string;
  readonly text: string;
  /** Shown where the pointer rests. */
  readonly hint?: string;
}

interface ChoiceProps {
  readonly name: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly choose: (value: string) => void;
}

/** A few that exclude each other. */
export function Segmented({ name, options, value, choose }: ChoiceProps) {
  const group = useId();
  return (
    <fieldset class="segmented">
      <legend>{name}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={group} checked={option.value === value} onChange={() => choose(option.value)} />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Select({ name, options, value, choose }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{name}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Some of several, at least one. */
export function Several({
  name,
  options,
  values,
  choose,
}: Omit<ChoiceProps, 'value' | 'choose'> & {
  readonly values: readonly string[];
  readonly choose: (values: readonly string[]) => void;
}) {
  return (
    <fieldset class="several">
      <legend>{name}</legend>
      <div>
        {options.map(({ value, text, hint }) => {
          const isChosen = values.includes(value);
          const change = () => {
            const next = options.map((one) => one.value).filter((one) => (one === value ? !isChosen : values.includes(one)));
            if (next.length > 0) choose(next);
          };
          return (
            <label key={value} title={hint}>
              <input type="checkbox" checked={isChosen} onChange={change} />
              <span>{text}</span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** A text that is asked when it is finished. */
export function Ask({
  name,
  value,
  placeholder,
  button,
  ask,
}: {
  readonly name: string;
  readonly value: string;
  readonly placeholder: string;
  readonly button: string;
  readonly ask: (value: string) => void;
}) {
  const id = useId();
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        const text = String(new FormData(event.currentTarget).get('text') ?? '').trim();
        if (text !== '') ask(text);
      }}
    >
      <label for={id}>{name}</label>
      <div>
        <input
          key={value}
          id={id}
          name="text"
          type="text"
          defaultValue={value}
          placeholder={placeholder}
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          maxLength={256}
        />
        <button type="submit">{button}</button>
      </div>
    </form>
  );
}

export function Controls({ children }: { readonly children: ComponentChildren }) {
  return <div class="controls">{children}</div>;
}
