import { type Command, type Redis, ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { bytesFree, takeFree } from './free-buffers.ts';
import { type Argument, commandBytes, packedCall } from './packed-call.ts';

/** As the protocol has it: a count, and of each text its bytes. */
function framed(texts: readonly string[]): Buffer {
  const frame = (text: string) => [Buffer.from(`$${Buffer.byteLength(text)}\r\n`), Buffer.from(text), Buffer.from('\r\n')];
  return Buffer.concat([Buffer.from(`*${texts.length}\r\n`), ...texts.flatMap(frame)]);
}

test.each([0, 1, 9, 10, 23, 24, 25, 26, 99, 100, 999, 1_000, 70_000])(
  'law 3: a text of %i characters has its own length',
  (length) => {
    for (const text of ['x', 'é', '€', '😀', '\ud800', '\u007f', '\u0080', '\r'].map((one) => one.repeat(length)))
      for (const args of [[text], ['a', text], [text, 'b'], [`${text}a`, text]])
        expect(
          commandBytes(['evalsha', 'digest'], args).equals(framed(['evalsha', 'digest', ...args])),
          args[0]?.slice(0, 8),
        ).toBe(true);
  },
);

test('law 3: a text that is not ASCII at its end alone, where the buffer ends, is whole', () => {
  for (let length = 0; length < 60; length++)
    for (const end of ['é', '€', '😀', '€€€', '😀😀'])
      expect(commandBytes([], ['x'.repeat(length) + end]).equals(framed(['x'.repeat(length) + end]))).toBe(true);
});

test('law 3: a count of arguments of any number of digits', () => {
  for (const count of [1, 9, 10, 99, 100, 12_345]) {
    const args = Array.from({ length: count }, (_, i) => String(i));
    expect(commandBytes(['a'], args).equals(framed(['a', ...args]))).toBe(true);
  }
});

test('law 3: an argument of bytes goes as it is, whatever the texts beside it are', () => {
  for (const text of ['', 'x', 'é', '€'.repeat(100)])
    for (const bytes of ['', 'y', '😀é'.repeat(50)])
      expect(commandBytes(['a'], [text, Buffer.from(bytes), text]).equals(framed(['a', text, bytes, text]))).toBe(true);
});

/** A connection on which a command has this outcome. */
function connection(outcome: () => Promise<unknown>) {
  const sent: string[] = [];
  const sendCommand = (command: Command) => {
    sent.push(String(command.toWritable({})));
    return outcome();
  };
  return { redis: { sendCommand } as unknown as Redis, sent };
}

test('a script that Redis does not have goes whole, once; any other failure is the outcome', async () => {
  const whole: (readonly Argument[])[] = [];
  const call = (outcome: () => Promise<unknown>) => {
    const { redis, sent } = connection(outcome);
    const result = packedCall<string>(redis, 'return 1', async (args) => {
      whole.push(args);
      return 'of the whole';
    })(['1', 'key']);
    return result.then((reply) => ({ reply, sent }));
  };
  expect(await call(async () => 'done')).toMatchObject({
    reply: 'done',
    sent: [expect.stringMatching(/^\*4\r\n\$7\r\nevalsha\r\n\$40/)],
  });
  expect(whole).toEqual([]);
  await expect(call(() => Promise.reject(new Error('Connection is closed.')))).rejects.toThrow('Connection is closed.');
  await expect(call(() => Promise.reject(new ReplyError('OOM no memory')))).rejects.toThrow('OOM');
  expect(whole).toEqual([]);
  expect(await call(() => Promise.reject(new ReplyError('NOSCRIPT No matching script.')))).toMatchObject({
    reply: 'of the whole',
  });
  expect(whole).toEqual([['1', 'key']]);
});

test('law 1: the bytes of a call are written over where it has a reply, and not before', async () => {
  while (bytesFree() > 0) takeFree();
  const args = ['1', 'x'.repeat(10_000)];
  const replies = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
  const commands: Command[] = [];
  const redis = { sendCommand: (command: Command) => replies[commands.push(command) - 1]?.promise } as unknown as Redis;
  const call = packedCall<string>(redis, 'return 1', async () => 'of the whole');
  const [first, second] = [call(args), call(args)];
  expect(bytesFree()).toBe(0);
  replies[0]?.resolve('done');
  expect(await first).toBe('done');
  const given = bytesFree();
  expect(given).toBeGreaterThan(10_000);
  replies[1]?.reject(new Error('Command timed out'));
  await expect(second).rejects.toThrow('timed out');
  expect(bytesFree()).toBe(given);
});
