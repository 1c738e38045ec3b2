/** A file from its bytes to figures, by another caller than the command line. */
import { InputError, InputFailure } from '@tributary/importing/failures';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { expect, test } from 'vitest';
import { type PathFileOptions, readPathFile } from '../src/files/path-file.ts';
import { channelLines, creditOf } from '../src/models/answer.ts';
import { attribute } from '../src/models/attribute.ts';

const OPTIONS: PathFileOptions = {
  separator: undefined,
  map: undefined,
  currency: 'EUR',
  decimals: 2,
  withUnits: false,
  pathSeparator: '>',
  decimalComma: false,
  milestones: [],
};
const SHAPE = {
  directChannels: new Set(['direct']),
  decayWeights: [1],
  attribution: { positionBased: { first: 40, last: 40 } },
};
const read = (text: string) => readPathFile(chunksOf(text), 'a.csv', OPTIONS);

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of new TextEncoder().encode(text)) yield Uint8Array.of(byte);
}

test('law 4: credit of every model is integers that sum to the conversions and the value of the file', async () => {
  const { paths, decimals } = await read('path,conversions,value,nulls\na > b > a,5,499.50,12\nb,2,80,9\n"",1,7.01,0\n');
  expect(decimals).toBe(2);
  const { answers, leftOut } = attribute(paths, {
    models: ['first', 'linear', 'markov', 'shapley'],
    shape: SHAPE,
    order: 1,
    lenient: false,
    rewards: ['conversions', 'value'],
    seed: 1,
    alpha: 0.5,
  });
  expect(leftOut).toEqual([]);
  for (const answer of answers) {
    const credits = ['a', 'b'].map((channel) => creditOf(answer, channel));
    expect([answer.model, credits.reduce((sum, { creditMicros }) => sum + creditMicros, 0)]).toEqual([
      answer.model,
      7 * CREDIT_UNIT_MICROS,
    ]);
    expect([answer.model, credits.reduce((sum, { valueMinor }) => sum + valueMinor, 0)]).toEqual([answer.model, 57_950]);
  }
  expect(channelLines(paths, new Map([['a', 1_200]]), undefined).sort((x, y) => (x.channel < y.channel ? -1 : 1))).toEqual([
    { channel: 'a', touches: 34, journeys: 17, participated: 5, costMinor: 1_200 },
    { channel: 'b', touches: 28, journeys: 28, participated: 7, costMinor: null },
  ]);
});

test('a file is understood as a whole or not at all, and the failure says whose it is to act', async () => {
  const failure = await read('path,conversions,value\na,1,5\nb,one,5\n').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputFailure);
  expect(failure).toMatchObject({
    code: 'malformed_file',
    kind: 'usage',
    message: expect.stringContaining('line 3: conversions'),
  });
  await expect(read('route,sales\na,1\n')).rejects.toBeInstanceOf(InputError);
});
