/** What operators may type for a setting that it cannot take, and the form of the sentence that says so. */

export const SENTENCE = /^TRIBUTARY_[A-Z_]+ must [^\n]+ \(got [^\n]+\)\. [A-Z][^\n]+\.$/;
export const SECRET = 'hidden-word';

export const NOT_WHOLE = [
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
export const NOT_BOOLEAN = ['yes', 'no', 'TRUE', 'on', '2', '-1', 'true ', 'none'];
export const ODD_TEXTS = [
  '-1',
  'true',
  'none,',
  ',',
  'a b',
  ' x',
  'x ',
  '\u0001',
  '\u200b',
  'ключ',
  '{}',
  '[',
  'http://',
  'x'.repeat(5_000),
];
/** By name: texts of another kind, which must be refused. */
export const WRONG_KINDS: Readonly<Record<string, readonly string[]>> = {
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
  archiverMemory: ['768', '768 apples', '-1MB', '0MB', '50%', '1,5GB', '1KB', '63MB', '999TB'],
  outputs: ['true', 'conversion', 'ALL'],
};
/** Whatever is written there may be meant: folders and files are looked at before a start, not here. */
export const FREE = new Set(['dataDir', 'redisFolder', 'definitionsFile']);
