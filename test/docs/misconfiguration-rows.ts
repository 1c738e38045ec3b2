/** What operators typed wrongly, and what came on the version where it was found. `typed` is run as it stands, in bash. */
export interface Row {
  readonly row: string;
  /** T: the command line on the row's data folder. START: `npm start -- --no-demo --port 7400 --data-dir D`. ROLE: one role. */
  readonly typed: string;
  readonly before: string;
  /** Run first, and not shown. */
  readonly setup?: string;
  /** Run last. */
  readonly after?: string;
  /** On the platform that all such rows share; else the row has a folder and ports of its own. */
  readonly shared?: true;
  /** A program or file without which this row cannot be run; in bash. */
  readonly needs?: string;
  /** Lines of output to show; 3 where it is not said. */
  readonly lines?: number;
}

const raw = String.raw;
const OPENING = `mkdir -p "$D"; chown 1234 "$D"`;
const CLOCK = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
/** Redis does not run under libfaketime: the roles have the wrong clock. */
const WRONG_CLOCK = (offset: string) => raw`UP; T events send --type purchase --user a --value 1 --currency EUR; DOWN
  mkdir -p bin; printf '#!/bin/sh\nexec env -u LD_PRELOAD /usr/bin/redis-server "$@"\n' > bin/redis-server; chmod +x bin/redis-server
  export PATH=$PWD/bin:$PATH; (export LD_PRELOAD=${CLOCK} FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1; RUN node "$REPO/infra/local/src/main.ts" --no-demo --port $P --data-dir "$D")`;
const KAFKA = 'test -n "$KAFKA"';
const ON_KAFKA = 'export TRIBUTARY_REDIS_URL=$REDIS TRIBUTARY_KAFKA_BROKERS=$KAFKA';
const GUARDED =
  'export TRIBUTARY_REDIS_URL=$REDIS TRIBUTARY_KAFKA_BROKERS=$GUARDED TRIBUTARY_KAFKA_SSL=true TRIBUTARY_KAFKA_SSL_CA_FILE=$PEM TRIBUTARY_KAFKA_SASL_USERNAME=app';

export const FIRST_ROWS: readonly Row[] = [
  {
    row: '1',
    shared: true,
    typed: raw`printf 'user,time,ch,v\nm\xfcller,2026-11-21,a,1.50\nm\xf6ller,2026-11-21,a,2\n' > l1.csv; T import csv l1.csv --map user=user,time=time,channel=ch,value=v --currency EUR`,
    before: 'two users became one, “m�ller”, without a word',
  },
  { row: '2', typed: 'TRIBUTARY_REDIS_URL=$REDIS/99 ROLE speed', before: 'warnings, then it worked in database 0' },
  { row: '2b', typed: 'TRIBUTARY_REDIS_URL=$REDIS/abc ROLE speed', before: 'a raw ReplyError' },
  {
    row: '3',
    setup: 'UP; T events send --type purchase --user f --value 1 --currency EUR; sleep 1',
    typed:
      'redis-cli --no-auth-warning -u "$OWN_REDIS" FLUSHALL > /dev/null; T events send --type purchase --user f --value 1 --currency EUR; T status',
    before: 'a new log, the event acknowledged, `status` complete and exit 0',
    lines: 6,
  },
  {
    row: '4',
    typed: 'TRIBUTARY_BATCH_COMPUTE_TIMEOUT_MS=2592000000 START',
    before: 'each generation: “not done within 2592000000 ms (after 525 ms)”',
  },
  {
    row: '5',
    typed: 'TRIBUTARY_HEARTBEAT_IDLE_MS=2592000000 START',
    before: 'a heartbeat each millisecond: 2 000 writes a second',
  },
  {
    row: '6',
    typed: 'npm --silent --prefix "$REPO" start --no-demo -- --port $P --data-dir "$D"',
    before: '60 522 demo events in a folder meant to be real',
  },
  {
    row: '7',
    shared: true,
    setup: raw`printf 'user,time,v\nana,2026-11-21,5\n' > o.csv; T import csv o.csv --map user=user,time=time,value=v --type sale --currency USD; sleep 1`,
    typed: 'T import csv o.csv --map user=user,time=time,value=v --type purchase --currency EUR',
    before: '“1 events accepted” twice; type and currency stayed as they were',
    lines: 8,
  },
  { row: '8', typed: 'TRIBUTARY_KAKFA_BROKERS=nowhere:1 START', before: 'without a word, the log in Redis' },
  {
    row: '9',
    typed: 'TRIBUTARY_HOST=0.0.0.0 TRIBUTARY_COLLECTOR_PORT=26500 TRIBUTARY_REDIS_URL=redis://h:1 START',
    before: 'ignored without a word',
    lines: 1,
  },
  {
    row: '10',
    shared: true,
    typed: raw`printf 'user,time,v\nana,2026-11-21,"1,50"\n' > bad.csv; T import csv bad.csv --map user=user,time=time,value=v --type purchase --currency EUR`,
    before: 'exit 0',
    lines: 9,
  },
  { row: '11', shared: true, typed: 'T attribution report > /dev/full', before: 'exit 1 without a word' },
  {
    row: '12',
    typed: raw`printf '{"conversions": ["purchase "]}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json START`,
    before: 'accepted, and no purchase was a conversion',
  },
  {
    row: '12b',
    typed: raw`printf '{"latenessDays": 3,\n "latenessDays": 5}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json START`,
    before: 'accepted, the last one held',
  },
  {
    row: '13',
    setup: 'START',
    typed: 'TRIBUTARY_PARTITIONS=8 START',
    before: 'five restarts in 16 s, then a line of JSON with a stack',
    lines: 1,
  },
  { row: '13b', typed: 'TRIBUTARY_LOG_LEVEL=verbose START', before: 'the same' },
  { row: '13c', typed: raw`printf 'touches:\n  ad: 1\n' > d.yaml; TRIBUTARY_DEFINITIONS_FILE=d.yaml START`, before: 'the same' },
  {
    row: '13d',
    typed: 'TRIBUTARY_DEFINITIONS_FILE=none.json START',
    before: 'the same',
  },
  { row: '13e', typed: 'TRIBUTARY_HEARTBEAT_IDLE_MS= START', before: 'the same', lines: 1 },
  { row: '14', typed: 'TRIBUTARY_REDIS_URL=127.0.0.1:6379 ROLE speed', before: 'JSON with a stack, neither name nor value' },
  { row: '14b', typed: 'TRIBUTARY_REDIS_URL=http://me:secret@127.0.0.1:6379 ROLE speed', before: 'the same' },
  {
    row: '15',
    setup: 'redis-cli -u $REDIS CONFIG SET requirepass hidden',
    typed: 'TRIBUTARY_REDIS_URL=$REDIS ROLE speed',
    after: 'redis-cli -a hidden -u $REDIS CONFIG SET requirepass ""',
    before: 'warnings for 30 s, then “not ready after 30000 ms”',
  },
  {
    row: '15b',
    shared: true,
    typed: 'TRIBUTARY_REDIS_URL=redis://127.0.0.1:$((P+1)) ROLE speed',
    before: 'the same (an HTTP server is there)',
  },
  { row: '15c', typed: 'TRIBUTARY_REDIS_URL=redis-cluster://127.0.0.1:$REDIS_PORT ROLE speed', before: 'the same' },
  {
    row: '16',
    setup: 'redis-cli -u $REDIS REPLICAOF 127.0.0.1 1',
    typed: 'TRIBUTARY_REDIS_URL=$REDIS ROLE speed',
    after: 'redis-cli -u $REDIS REPLICAOF NO ONE',
    before: '30 s, then “READONLY … script: fd28cb…”',
  },
  {
    row: '17',
    typed: 'npm --silent --prefix "$REPO" start -- 26000',
    before: '“Unexpected argument … does not take positional arguments”',
  },
  { row: '18', typed: 'touch file; D=file START', before: '“EEXIST …”, exit 1' },
  { row: '18b', typed: 'D=/dev/null START', before: '“ENOTDIR …”, exit 1' },
  { row: '18c', needs: 'test $(id -u) = 0', typed: `mkdir -m 700 theirs; D=theirs START_AS_OTHER`, before: '“EACCES …”, exit 1' },
  { row: '18d', typed: 'touch file; D=file/below START', before: '“ENOTDIR …”, exit 1' },
  {
    row: '19',
    shared: true,
    typed: 'T --key "" status',
    before: '“keys.local.json does not exist or holds none”, though it does',
    lines: 1,
  },
  { row: '19b', shared: true, typed: 'TRIBUTARY_READ_KEY= T status', before: 'the same', lines: 1 },
  {
    row: '20',
    shared: true,
    typed: 'TRIBUTARY_URL="http://127.0.0.1:$((P+1)) " TRIBUTARY_KEY=$KEY T status',
    before: '“TypeError: Invalid URL” and a stack',
    lines: 1,
  },
  { row: '21', shared: true, typed: 'T --key ключ status', before: '“Cannot convert argument to a ByteString”' },
  { row: '21b', shared: true, typed: raw`T --key "$(printf 'ta_secret\nkey')" status`, before: 'the whole key was printed' },
  {
    row: '22',
    shared: true,
    typed: 'T --key $KEY --url https://127.0.0.1:$((P+1)) status',
    before: '“error:0A00010B:SSL routines:…”',
  },
  {
    row: '23',
    setup: 'FOREIGN',
    typed: 'T --key k --url http://127.0.0.1:$P batch run',
    before: 'exit 0; `status`: “TypeError: got.warnings is not iterable”',
  },
  {
    row: '24',
    setup: 'FOREIGN',
    typed: 'T --key k --collector-url http://127.0.0.1:$P events send --type t --user u',
    before: 'ten lines of HTML, “running the same command again continues”',
  },
  {
    row: '25',
    needs: 'test $(id -u) = 0',
    setup:
      'mkdir -p "$D"; mount -t tmpfs -o size=160m tmpfs "$D"; UP; T events send --type t --user u; cat /dev/zero > "$D/filler"; sleep 1',
    typed: 'T events send --type t --user u & sleep 3; kill $!; T doctor --quick | grep -A1 "data folder"',
    before: '“redis ended with exit code 1”; the doctor: “Give this user the right to write there”',
    lines: 12,
  },
  {
    row: '26',
    typed: raw`printf '\xef\xbb\xbf{}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json START`,
    before: "“Unexpected token ''”, which cannot be seen",
    lines: 1,
  },
  {
    row: '26b',
    typed: raw`printf '{ // ours\n}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json START`,
    before: '“Unexpected token /”',
  },
  {
    row: '27',
    setup: 'mkdir -p "$D"',
    typed: raw`printf '{"keys": [{"id": 5}]}' > "$D/keys.json"; START`,
    before: '“not a list of key records”',
  },
  {
    row: '27b',
    setup: raw`UP; DOWN; sed -i '1s/^/\xef\xbb\xbf/' "$D/keys.json"`,
    typed: 'START',
    before: '“not a list of key records”',
    lines: 1,
  },
  { row: '28', setup: 'UP', typed: 'START', before: '“Read the current state and try again.”' },
  {
    row: '29',
    shared: true,
    typed: 'T attribution report --model markov --seed 9999999999',
    before: '“seed: is not a whole number from 1 to 999999999”',
  },
  { row: '29b', shared: true, typed: 'T signals get u --limit 0', before: 'the same without the value' },
  { row: '30', shared: true, typed: 'T attribution report --out x.xlsx', before: 'exit 0, a table in it' },
  {
    row: '31',
    shared: true,
    typed: raw`printf 'PAR1....PAR1' > x.parquet; T import csv x.parquet --map user=user`,
    before: '“there is no column "user"; the file has PAR1…”',
  },
  {
    row: '32',
    shared: true,
    typed: 'T attribution report --from 2026-11-20T00:00:00+02:00 2>&1 > /dev/null',
    before: 'widened to 19 November; “see `range`”, which only JSON has',
  },
  {
    row: '33',
    setup: 'TAKE $((P+1))',
    typed: 'START; ls "$D"/keys.local.json',
    before: 'keys.local.json named ports of a platform that never came up',
  },
  { row: '34', typed: 'D=/proc/x START', before: 'it hung, at 77 % of a processor after SIGTERM' },
  {
    row: '35',
    shared: true,
    typed: raw`printf 'user,time\nana,2026-11-21\n' > one.csv; T import csv one.csv --map user=user,time=time --dry-run`,
    before: '“1 rows … 1 users”',
    lines: 7,
  },
  {
    row: '36',
    typed: raw`umask 000; START > /dev/null; find "$D" -perm /077 -not -type l | head -3`,
    before: 'archive, generations and staging: 0777',
  },
  { row: '37', typed: 'T start sped', before: "“command-argument value 'sped' is invalid …”" },
  { row: '38', typed: 'TRIBUTARY_HEARTBEAT_IDLE_MS=99 START', before: '“from 100 to 9007199254740991”' },
  {
    row: '39',
    setup: 'TAKE $P',
    typed: 'TRIBUTARY_REDIS_URL=$REDIS ROLE collector --collector-port $P',
    before: 'the message three times, in `err.message`, `stack` and `msg`',
  },
  { row: '40', typed: 'EACH_PORT START', before: 'not tried', lines: 7 },
  { row: '41', needs: 'test $(id -u) = 0', setup: OPENING, typed: 'P=80 START_AS_OTHER', before: 'not tried' },
  {
    row: '41b',
    needs: 'test $(id -u) = 0',
    setup: OPENING,
    typed: `TRIBUTARY_REDIS_URL=$REDIS AS=$OTHER ROLE collector --collector-port 80`,
    before: '“uncaught Error: listen EACCES”, a stack; a health port: “is taken”',
  },
  {
    row: '41c',
    typed: 'TRIBUTARY_REDIS_URL=$REDIS TRIBUTARY_HOST=192.0.2.1 ROLE api',
    before: '“uncaught Error: listen EADDRNOTAVAIL”, a stack',
  },
  { row: '42', setup: 'mkdir -p "$D"; ln -s "$D" link; UP', typed: 'D=link START', before: 'not tried' },
  { row: '42b', typed: 'ln -s nowhere link; D=link START', before: 'not tried' },
  {
    row: '43',
    setup: 'mkdir -p shop; cd shop',
    typed: 'D=./data START > /dev/null; ls -d data',
    before: 'the folder was made in the checkout',
  },
  {
    row: '44',
    typed: raw`printf '{"latenessDays": 5}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json DEV`,
    before: 'the check read d.json of this folder, the roles that of the checkout; and a note on a Redis that was not named',
    lines: 1,
  },
  {
    row: '45',
    needs: 'test $(id -u) = 0',
    setup: `${OPENING}; mkdir -m 500 "$D/archive"; chown 1234 "$D/archive"`,
    typed: 'START_AS_OTHER',
    before: 'not tried',
  },
  {
    row: '45b',
    needs: 'test $(id -u) = 0',
    setup: `${OPENING}; AS=$OTHER TRIBUTARY_SEGMENT_MAX_AGE_MS=1000 UP; T batch run --wait; find "$D/archive" -type d -exec chmod 500 {} +; T events send --type t --user u; sleep 4`,
    typed:
      'curl -s 127.0.0.1:$((P+4))/readyz; find "$D/archive" -type d -exec chmod 700 {} +; sleep 6; curl -s 127.0.0.1:$((P+4))/readyz',
    before: 'ready, but for a moment each time that a segment was due: every 20 min',
  },
  {
    row: '46',
    needs: `test -f ${CLOCK}`,
    setup: WRONG_CLOCK('+1d'),
    typed:
      'T events send --type purchase --user b --value 1 --currency EUR; T doctor --quick | grep "fail  clock"; T attribution report 2> /dev/null | grep total',
    before: 'not tried',
    lines: 5,
  },
  {
    row: '46b',
    needs: `test -f ${CLOCK}`,
    setup: WRONG_CLOCK('-1d'),
    typed:
      'T events send --type purchase --user b --value 1 --currency EUR; T doctor --quick | grep "fail  clock"; T attribution report | grep total',
    before: 'not tried',
    lines: 5,
  },
  { row: '47', needs: 'test -x "$NODE_18/node"', typed: 'PATH=$NODE_18:/usr/bin:/bin START', before: 'not tried', lines: 1 },
  { row: '47b', needs: 'test -x "$NODE_22/node"', typed: 'PATH=$NODE_22:/usr/bin:/bin START', before: 'not tried', lines: 1 },
  { row: '48', typed: 'npm_config_offline=true npm_config_registry=http://127.0.0.1:9 START', before: 'not tried', lines: 1 },
  { row: '49', setup: 'OLDER', typed: 'T --key k --url http://127.0.0.1:$P status', before: 'not tried' },
  {
    row: '50',
    setup: raw`printf '{}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json UP`,
    typed: raw`printf '{"touches": [' > d.json; T batch run --wait --timeout 4s; T doctor --quick | grep -A1 ' recompute'`,
    before: 'not tried',
    lines: 6,
  },
  {
    row: '50b',
    setup: raw`printf '{}' > d.json; TRIBUTARY_DEFINITIONS_FILE=d.json UP`,
    typed: raw`printf '{"latenessDays": 5}' > d.json; T batch run --wait; T status | grep definitions`,
    before: 'not tried',
    lines: 6,
  },
  { row: '51', typed: 'TRIBUTARY_KAFKA_BROKERS=127.0.0.1:9 START', before: 'not tried' },
  {
    row: '52',
    needs: KAFKA,
    setup: `${ON_KAFKA}; TRIBUTARY_PARTITIONS=8 TRIBUTARY_KAFKA_TOPIC_PREFIX=eight ROLE archiver`,
    typed: 'TRIBUTARY_KAFKA_TOPIC_PREFIX=eight ROLE archiver',
    before: 'not tried',
  },
  {
    row: '53',
    needs: KAFKA,
    setup: `${ON_KAFKA}; TRIBUTARY_KAFKA_TOPIC_PREFIX=ours ROLE archiver`,
    typed: 'TRIBUTARY_KAFKA_TOPIC_PREFIX=uors ROLE collector',
    before: '“there is no topic uors.events”, the setting not named',
  },
  {
    row: '54',
    needs: KAFKA,
    setup: ON_KAFKA,
    typed: 'TRIBUTARY_KAFKA_REPLICATION=3 TRIBUTARY_KAFKA_TOPIC_PREFIX=three ROLE archiver',
    before: 'the same without the fix',
  },
  {
    row: '55',
    needs: KAFKA,
    setup: ON_KAFKA,
    typed: 'TRIBUTARY_KAFKA_SSL=true ROLE collector',
    before: '`doctor --config` was content',
  },
  {
    row: '56',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'unset TRIBUTARY_KAFKA_SSL TRIBUTARY_KAFKA_SSL_CA_FILE TRIBUTARY_KAFKA_SASL_USERNAME; ROLE collector',
    before: '“a reply of 352518912 bytes, at most 134217728 are taken”, exit 1',
  },
  {
    row: '57',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'unset TRIBUTARY_KAFKA_SSL_CA_FILE; TRIBUTARY_KAFKA_SASL_MECHANISM=plain ROLE collector',
    before: 'exit 1, the setting not named',
  },
  {
    row: '58',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'TRIBUTARY_KAFKA_SASL_MECHANISM=plain TRIBUTARY_KAFKA_SASL_PASSWORD=wrong ROLE collector',
    before: 'exit 1, started again without end',
  },
  {
    row: '59',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'TRIBUTARY_KAFKA_SASL_MECHANISM=scram-sha-256 TRIBUTARY_KAFKA_SASL_PASSWORD=secret ROLE collector',
    before: 'the same',
  },
  { row: '60', needs: KAFKA, setup: GUARDED, typed: 'ROLE collector', before: 'refused already (a user without a mechanism)' },
  {
    row: '61',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'TRIBUTARY_KAFKA_SSL_CERT_FILE=$PEM ROLE collector',
    before: 'refused already (a certificate without a key)',
    lines: 4,
  },
  {
    row: '62',
    needs: KAFKA,
    setup: GUARDED,
    typed: 'TRIBUTARY_KAFKA_SASL_MECHANISM=plain TRIBUTARY_KAFKA_SASL_PASSWORD=wrong T --redis-url $REDIS doctor --config',
    before: 'there was no such look',
  },
];
