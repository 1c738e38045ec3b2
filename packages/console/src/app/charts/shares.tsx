/** A few counts beside each other, each with its part of the whole as a bar. A row may be chosen. */
import type { ComponentChildren } from 'preact';
import { count, percent } from '../parts/format.ts';

export interface ShareRow {
  readonly key: string;
  readonly name: ComponentChildren;
  readonly value: number;
  /** Where choosing it leads. */
  readonly address: string;
  readonly isChosen: boolean;
}

export function Shares({ title, rows }: { readonly title: string; readonly rows: readonly ShareRow[] }) {
  const all = rows.reduce((sum, { value }) => sum + value, 0);
  return (
    <ul class="shares" aria-label={title}>
      {rows.map(({ key, name, value, address, isChosen }) => (
        <li key={key}>
          <a href={address} aria-current={isChosen ? 'true' : undefined}>
            {name}
          </a>
          <span class="part-bar" aria-hidden="true">
            <i style={{ width: `${all === 0 ? 0 : (value / all) * 100}%` }} />
          </span>
          <span class="figure">
            {count(value)} <span class="small">{percent(all === 0 ? null : value / all)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
