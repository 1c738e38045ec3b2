/** Every setting of every role, with what an operator may type: taken as it was meant, or refused by a sentence. */
import { describe, expect, test } from 'vitest';
import { environmentName, examine, helpText } from '../config.ts';
import { boundsOf, type Setting } from '../config-value.ts';
import { ROLE_SETTINGS } from './roles.ts';

const SENTENCE = /^TRIBUTARY_[A-Z_]+ must [^\n]+ \(got [^\n]+\)\. [A-Z][^\n]+\.$/;
const VISIBLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;
const NOTHING = ['', ' ', '\t', '\n'];
const SECRET = 'hidden-word';

const NOT_WHOLE = [
  '5s',
  '5 ms',
  '1e3',
  '0x10',
  '1_000',
  '1,000',
  '1.5',
  '+5',
  ' 5',
  '5 ',
  '٣',
  '１２',
  '\u200b5',
  'NaN',
  'true',
  '""',
];
const NOT_BOOLEAN = ['yes', 'no', 'TRUE', 'on', '2', '-1', 'true ', 'none'];
const ODD_TEXTS = [
  '-1',
  'true',
  'none,',
  ',',
  'a b',
  ' x',
  'x ',
  '\u0000',
  '\u200b',
  'ключ',
  '{}',
  '[',
  'http://',
  'x'.repeat(5_000),
];
/** By name: texts of another kind, which must be refused. */
const WRONG_KINDS: Readonly<Record<string, readonly string[]>> = {
  redisUrl: [
    '127.0.0.1:6379',
    `http://me:${SECRET}@h`,
    'redis://',
    `redis://u:${SECRET}@h/abc`,
    `redis-cluster://u:${SECRET}@h:1/2`,
  ],
  host: ['http://127.0.0.1', '127.0.0.1:7400', 'a b', '*', '[::1]', '10.0.0.0/8'],
  logLevel: ['verbose', 'INFO', '30'],
  kafkaBrokers: ['kafka://a:1', 'a', 'a:0', 'a:65536', 'a:b', 'a:1 b:2', 'a:1;b:2'],
  kafkaTopicPrefix: ['a b', 'ключ', 'x/y', 'x'.repeat(201)],
  kafkaSaslMechanism: ['gssapi', 'PLAIN', 'SCRAM-SHA-256', 'true'],
  kafkaSaslUsername: ['u'],
  kafkaSaslPassword: [SECRET],
  kafkaSslCaFile: ['/ca.pem'],
  kafkaSslCertFile: ['/cert.pem'],
  kafkaSslKeyFile: ['/key.pem'],
  collectorPublicUrl: ['events.shop.example', 'ftp://x', 'https://x/?a=1', '//x', `https://u:${SECRET}@x`],
  collectorOrigins: ['shop.example', 'https://shop.example/', '*, https://x', 'https://a b'],
  apiOrigins: ['shop.example', 'https://shop.example/'],
  apiTrustedProxies: ['proxy.example', '10.0.0.1/33', '::1/129', '10.0.0', '10.0.0.1/8/8', 'true'],
  archiverMemory: ['768', '768 apples', '-1MB', '0MB', '50%', '1,5GB'],
  outputs: ['true', 'conversion', 'ALL'],
};
/** Whatever is written there may be meant: folders and files are looked at before a start, not here. */
const FREE = new Set(['dataDir', 'redisFolder', 'definitionsFile']);

const settings = Object.entries(ROLE_SETTINGS).flatMap(([role, table]) =>
  Object.entries(table).map(([key, setting]) => ({ role, key, setting: setting as Setting, name: environmentName(key) })),
);
const roleTable = (role: string) => ROLE_SETTINGS[role as keyof typeof ROLE_SETTINGS];
const read = (role: string, name: string, text: string) => examine(role, roleTable(role), { [name]: text }, []);

/** What is refused has one sentence, which names the setting first and shows the value; a secret is in none. */
function expectRefusal(role: string, name: string, text: string): void {
  const { troubles } = read(role, name, text);
  expect([text, troubles]).toEqual([text, [expect.stringMatching(SENTENCE)]]);
  expect(troubles[0]).toMatch(VISIBLE);
  expect(troubles[0]?.startsWith(`${name} must `)).toBe(true);
  expect(troubles[0]).not.toContain(SECRET);
  expect(troubles[0]?.length).toBeLessThan(600);
}

/** Right by itself; another setting may have to go with it, which a sentence then names. */
function expectTaken(role: string, { key, name }: { key: string; name: string }, text: string, value: unknown): void {
  const { values, troubles } = read(role, name, text);
  for (const trouble of troubles) {
    expect(trouble).toMatch(SENTENCE);
    expect(new Set(trouble.match(/TRIBUTARY_[A-Z_]+/g)).size).toBeGreaterThan(1);
  }
  expect([name, text, values[key]]).toEqual([name, text, value]);
}

describe.each(settings)('$role: $name', ({ role, key, setting, name }) => {
  test('nothing but blanks is not given', () => {
    for (const text of NOTHING) expect([text, read(role, name, text)]).toEqual([text, examine(role, roleTable(role), {}, [])]);
  });

  test('what it may be is taken, anything else is refused by a sentence', () => {
    if (setting.type === 'int') {
      const { min, max } = boundsOf(setting);
      for (const number of [-1, 0, min - 1, min, min + 1, max - 1, max, max + 1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
        if (number >= min && number <= max) expectTaken(role, { key, name }, String(number), number);
        else expectRefusal(role, name, String(number));
      }
      for (const text of NOT_WHOLE) expectRefusal(role, name, text);
      expect(max).toBeLessThanOrEqual(setting.unit === 'ms' ? 2 ** 31 - 1 : 2 ** 40);
    } else if (setting.type === 'bool') {
      for (const text of ['true', '1', 'false', '0']) expectTaken(role, { key, name }, text, text === 'true' || text === '1');
      for (const text of NOT_BOOLEAN) expectRefusal(role, name, text);
    } else {
      for (const text of setting.oneOf ?? []) expectTaken(role, { key, name }, text, text);
      expect([key, FREE.has(key) || WRONG_KINDS[key] !== undefined]).toEqual([key, true]);
      for (const text of WRONG_KINDS[key] ?? []) expectRefusal(role, name, text);
      for (const text of ODD_TEXTS) if (read(role, name, text).troubles.length > 0) expectRefusal(role, name, text);
    }
  });

  test('its default is one that it takes, and --help has it', () => {
    const text = String(setting.default);
    if (text !== '') expectTaken(role, { key, name }, text, setting.default);
    expect(helpText(role, roleTable(role))).toContain(name);
  });
});
