/** Values of one user after the other as JSON: `{"userId":…,"status":…,"position":…,"values":…}`, with commas between. */
import type { NamedValue } from '@tributary/serving/users/signal-values';
import { valueText } from '@tributary/signals/value-text';
import type { AnswerWriter } from './answer-writer.ts';
import { MOST_ANSWER_BYTES, type ValuedUser } from './find-values.ts';

/** Values are gathered as text up to this length: a call into the engine for each would take longer than the value. */
const MOST_GATHERED = 64 * 1024;

/** `names`: in the order of the values. What is the same for each user is made once. Returns how many bytes a user took. */
export function valuesWriter(writer: AnswerWriter, names: readonly string[]): (user: ValuedUser) => number {
  const heads = names.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:{"value":`);
  const ends = new Map<string | null, string>();
  const endOf = (version: string | null) => {
    let end = ends.get(version);
    if (end === undefined) ends.set(version, (end = `,"status":"READY","version":${JSON.stringify(version)}}`));
    return end;
  };
  let separator = '';
  return ({ userKey, isPresent, position, values }) => {
    const before = writer.length();
    const presence = isPresent ? 'PRESENT' : 'NOT_FOUND';
    let gathered = `${separator}{"userId":${JSON.stringify(userKey)},"status":"${presence}","position":${JSON.stringify(position)},"values":{`;
    separator = ',';
    for (let i = 0; i < values.length; i++) {
      const { value, status, version } = values[i] as NamedValue;
      gathered += heads[i] as string;
      gathered +=
        status === 'READY'
          ? valueText(value, MOST_ANSWER_BYTES) + endOf(version)
          : `null,"status":"${status}","version":${JSON.stringify(version)}}`;
      if (gathered.length <= MOST_GATHERED) continue;
      writer.text(gathered);
      gathered = '';
    }
    writer.text(`${gathered}}}`);
    return writer.length() - before;
  };
}
