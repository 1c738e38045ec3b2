/** Values of one user after the other as JSON: `{"userId":…,"status":…,"position":…,"values":…}`, with commas between. */
import type { NamedValue } from '@tributary/serving/users/signal-values';
import { valueText } from '@tributary/signals/value-text';
import type { AnswerWriter } from './answer-writer.ts';
import { type AnsweredUser, MOST_ANSWER_BYTES, type ValuesForm } from './find-values.ts';

/** Values are gathered as text up to this length: a call into the engine for each would take longer than the value. */
const MOST_GATHERED = 64 * 1024;

/** The values of one user as they were written: all bytes from the first value on, but for those that grow with `asOf`. */
interface WrittenValues {
  readonly bytes: Buffer;
  readonly growing: readonly GrowingValue[];
}

/** What one takes beside its digits, with its place among those that last. */
const GROWING_BYTES = 96;

/** Where its digits lie. */
interface GrowingValue {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** `names`: in the order of the values. What is the same for each user is made once, and not where all values were kept. */
export function valuesWriter(writer: AnswerWriter, names: readonly string[]): ValuesForm<WrittenValues> {
  let heads: readonly string[] | undefined;
  const ends = new Map<string | null, string>();
  const endOf = (version: string | null) => {
    let end = ends.get(version);
    if (end === undefined) ends.set(version, (end = `,"status":"READY","version":${JSON.stringify(version)}}`));
    return end;
  };
  let separator = '';
  const headOf = ({ userKey, isPresent, position }: AnsweredUser) => {
    const head = `${separator}{"userId":${JSON.stringify(userKey)},"status":"${isPresent ? 'PRESENT' : 'NOT_FOUND'}","position":${JSON.stringify(position)},"values":{`;
    separator = ',';
    return head;
  };
  /** Those of the last user. */
  let valuesFrom = 0;
  let growing: GrowingValue[] = [];

  return {
    add(user) {
      const { values, lasting } = user;
      const before = writer.length();
      let gathered = '';
      const write = () => {
        writer.text(gathered);
        gathered = '';
      };
      writer.text(headOf(user));
      valuesFrom = writer.length();
      growing = [];
      heads ??= names.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:{"value":`);
      for (let i = 0; i < values.length; i++) {
        const { value, status, version } = values[i] as NamedValue;
        gathered += heads[i] as string;
        if (status !== 'READY') gathered += `null,"status":"${status}","version":${JSON.stringify(version)}}`;
        else if (lasting?.growing.includes(i)) {
          write();
          const from = writer.length() - valuesFrom;
          writer.text(String(value));
          growing.push({ from, to: writer.length() - valuesFrom, value: value as number });
          gathered += endOf(version);
        } else gathered += valueText(value, MOST_ANSWER_BYTES) + endOf(version);
        if (gathered.length > MOST_GATHERED) write();
      }
      gathered += '}}';
      write();
      return writer.length() - before;
    },
    kept: {
      name: 'json',
      made() {
        const bytes = writer.since(valuesFrom);
        return { made: { bytes, growing }, bytes: bytes.length + growing.length * GROWING_BYTES };
      },
      again(user, made, laterMs) {
        const before = writer.length();
        writer.text(headOf(user));
        let at = 0;
        for (const { from, to, value } of made.growing) {
          writer.part(made.bytes, at, from);
          writer.text(String(value + laterMs));
          at = to;
        }
        writer.part(made.bytes, at, made.bytes.length);
        return writer.length() - before;
      },
    },
  };
}
