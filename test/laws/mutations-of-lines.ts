/** Lies of the reader of plain lines, which spares most events the whole decoder (decision 34). */
import type { Mutation } from './mutation-list.ts';

const READER = 'packages/model/src/plain-line.ts';
const LINES = 'packages/model/src/plain-line.test.ts';
const DECODE = 'services/speed/test/decode.test.ts';

export const MUTATIONS_OF_LINES: readonly Mutation[] = [
  {
    lie: 'a plain line counts in whatever partition it lies',
    law: '7',
    file: READER,
    from: 'partitions) !== partition) return undefined;',
    to: 'partitions) < 0) return undefined;',
    test: LINES,
  },
  {
    lie: 'an amount of a plain line has no bound',
    law: '7',
    file: READER,
    from: 'return number < (LEAST[field] as number) || number > (MOST[field] as number) ? -1 : stop;',
    to: 'return stop;',
    test: LINES,
  },
  {
    lie: 'a plain line may have the channel that nothing led to',
    law: '4',
    file: READER,
    from: '    if ((RESERVED[field] as readonly number[]).includes(data[at + 1] as number)) return -1;\n',
    to: '',
    test: LINES,
  },
  {
    lie: 'what follows a plain line in its bytes is passed over',
    law: '7',
    file: READER,
    from: 'return at === end && (seen',
    to: 'return at <= end && (seen',
    test: LINES,
  },
  {
    lie: 'the escape of a plain line is a part of its text',
    law: '7',
    file: READER,
    from: ' || byte === 0x5c',
    to: '',
    test: LINES,
  },
  {
    lie: 'properties of a plain line nest as deep as they like',
    law: '7',
    file: READER,
    from: 'return levels === 0 ? -1 :',
    to: 'return levels === -100 ? -1 :',
    test: LINES,
  },
  {
    lie: 'a plain line may claim a receipt far ahead of the log',
    law: '8',
    file: READER,
    from: '      if (receivedAt > appendedMs + EVENT_BOUNDS.futureMs) return undefined;\n',
    to: '',
    test: LINES,
  },
  {
    lie: 'names of one length and slot are one name',
    law: '1',
    file: READER,
    from: ' && isAt(data, from, known) ?',
    to: ' ?',
    test: LINES,
  },
  {
    lie: 'a long text of which a part was taken in is read',
    law: '7',
    file: READER,
    from: 'return isAscii || data.length >= most ? written : -1;',
    to: 'return written;',
    test: LINES,
  },
  {
    lie: 'half a letter is read as the sign for what cannot be read',
    law: '1',
    file: 'services/speed/src/decode.ts',
    from: 'line.isWellFormed() ? reader.open(line) : -1',
    to: 'reader.open(line)',
    test: DECODE,
  },
  {
    lie: 'the key of a conversion is looked for in what the timeline keeps',
    law: '3',
    file: 'services/speed/src/apply.ts',
    from: 'isCountedOnce ? wholeEvent(arrival) : arrival.event',
    to: 'isCountedOnce ? arrival.event : arrival.event',
    test: DECODE,
  },
];
