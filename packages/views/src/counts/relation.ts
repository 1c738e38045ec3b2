/**
 * What archived events count for over all users (counted.ts), found while they are read, as generations keep no properties: `counted`, a line for each
 * count, which has the count, its version and the value of the event, apart by tabs; NULL: none. Channel and campaign count as corrections leave them,
 * so their names stand there in place of a value, each behind a control character that no value has. Beside it `marks`, what they are to the segments whose
 * members are counted by day (segment-days/marks.ts).
 */
import { MOST_VALUE, UNNAMED } from '@tributary/model/counts';
import type { Definitions } from '@tributary/model/definitions';
import { countsOf } from '@tributary/signals/definitions/counts';
import { daySegmentsOf } from '@tributary/signals/definitions/segment-days';
import { fieldSql, selectorSql } from '@tributary/signals/expressions/sql';
import type { FieldTerm, Term } from '@tributary/signals/expressions/term';

const CORRECTED: readonly string[] = ['channel', 'campaign'];

/** Whether that is asked of events. */
export function isFoundOut({ counts, segmentDayVersions }: Pick<Definitions, 'counts' | 'segmentDayVersions'>): boolean {
  return counts !== undefined || segmentDayVersions.size > 0;
}

interface CountedSql {
  /** Events with `counted` and `marks`. `relation`: a table expression of ours, with all columns that definitions may look at. */
  readonly of: (relation: string) => string;
  /** The texts that it names, in the order of `count_texts`. */
  readonly texts: readonly string[];
}

export function countedSql(definitions: Definitions): CountedSql {
  const texts = new Map<string, number>();
  const columns = new Map<string, string>();
  const bind = (text: string) => {
    if (!texts.has(text)) texts.set(text, texts.size + 1);
    return `count_texts.texts[${texts.get(text)}]`;
  };
  const column = (field: FieldTerm) => {
    const sql = fieldSql(field, bind);
    if (!columns.has(sql)) columns.set(sql, `count_field_${columns.size}`);
    return columns.get(sql) as string;
  };
  const lines = countsOf(definitions).all.map(({ name, version, types, where, by }) => {
    const given = CORRECTED.includes(by.name) ? `chr(1) || '${by.name}'` : `name_of(${column(by)}, ${MOST_VALUE})`;
    const value = `(CASE WHEN list_contains(count_unnamed, ${bind(name)}) THEN '(other)' ELSE ${given} END)`;
    const line = `${bind(`${name}\t${version}\t`)} || ${value}`;
    return `CASE WHEN ${selectorSql(types, where, { bind, column })} THEN ${line} END`;
  });
  const holds = (...terms: readonly Term[]) =>
    terms.map((term) => selectorSql(null, term, { bind, column })).join(' OR ') || 'false';
  const digits = daySegmentsOf(definitions).all.map(
    ({ enters, exits }) =>
      `(CASE WHEN ${holds(enters)} THEN 1 ELSE 0 END + CASE WHEN ${holds(...exits)} THEN 2 ELSE 0 END)::VARCHAR`,
  );
  const marks = digits.length === 0 ? 'NULL::VARCHAR' : `nullif(${digits.join(' || ')}, '${'0'.repeat(digits.length)}')`;
  columns.set(`string_split(text_at(properties, '$."${UNNAMED}"'), ',')`, 'count_unnamed');
  const counted = lines.length === 0 ? 'NULL::VARCHAR' : `nullif(concat_ws(chr(10), ${lines.join(', ')}), '')`;
  const own = [...columns].map(([sql, name]) => `, ${sql} AS ${name}`).join('');
  return {
    of: (relation) => `(
      SELECT read.* EXCLUDE (${[...columns.values()].join(', ')}), ${counted} AS counted, ${marks} AS marks
      FROM (SELECT held.*${own} FROM ${relation} AS held, count_texts) AS read, count_texts)`,
    texts: [...texts.keys()],
  };
}
