/** Which events some of the definitions look at, as SQL: others are not read. The expressions are the same terms as those of the functions. */
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { fieldSql, selectorSql } from '@tributary/signals/expressions/sql';
import type { FieldTerm } from '@tributary/signals/expressions/term';

export interface EventFilter {
  /** Archived events with columns more, which the condition names. */
  readonly withFields: (relation: string) => string;
  readonly condition: string;
  /** Texts that both name. */
  readonly values: Record<string, string>;
}

const ALL: EventFilter = { withFields: (relation) => relation, condition: 'true', values: {} };

export function eventFilter(definitions: readonly Pick<SignalDefinition, 'looksAt'>[]): EventFilter {
  const selectors = definitions.flatMap(({ looksAt }) => looksAt);
  if (selectors.some(({ types, where }) => types === null && where === null)) return ALL;
  const texts = new Map<string, string>();
  const bind = (text: string) => `$${nameIn(texts, text, 'text')}`;
  const columns = new Map<string, string>();
  const column = (field: FieldTerm) => nameIn(columns, fieldSql(field, bind), 'field');
  const conditions = new Set(selectors.map(({ types, where }) => selectorSql(types, where, { bind, column })));
  const more = [...columns].map(([sql, name]) => `, ${sql} AS ${name}`).join('');
  return {
    withFields: (relation) => `(SELECT *${more} FROM ${relation})`,
    condition: conditions.size === 0 ? 'false' : `(${[...conditions].join(' OR ')})`,
    values: Object.fromEntries([...texts].map(([text, name]) => [name, text])),
  };
}

function nameIn(names: Map<string, string>, of: string, kind: string): string {
  let name = names.get(of);
  if (name === undefined) names.set(of, (name = `${kind}_${names.size}`));
  return name;
}
