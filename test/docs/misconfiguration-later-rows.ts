/** Rows that a second round and a third found, and all rows together. */
import { FIRST_ROWS, type Row } from './misconfiguration-rows.ts';

const raw = String.raw;
const MAP = '--map user=user,time=time,channel=ch,value=v --type purchase --currency EUR';

const LATER_ROWS: readonly Row[] = [
  {
    row: '63',
    setup: 'START; rm -rf "$D/redis"',
    typed: 'START',
    before: 'the same paragraph four times, restarts of five roles, exit 1',
    lines: 1,
  },
  {
    row: '63b',
    setup: 'START; export TRIBUTARY_RESTORE_LOST_LOG=true; rm -rf "$D/redis"; START; rm -rf "$D/redis"',
    typed: 'TRIBUTARY_RESTORE_LOST_LOG=true START',
    before: 'ready, and what was acknowledged since is lost without a word',
    lines: 2,
  },
  {
    row: '64',
    shared: true,
    typed: raw`printf 'user,time,ch,v\ncut,2026-11-21,a,24' > h.csv; T import csv h.csv --map user=user,time=time,channel=ch,value=v --type purchase --currency EUR`,
    before: 'a file that was still being written: 24.00 of 249.00 EUR, without a word',
    lines: 9,
  },
  {
    row: '65',
    setup: 'START; rm "$D/keys.json"',
    typed: 'START',
    before: 'new keys; those that were handed out: dead',
    lines: 1,
  },
  { row: '66', typed: "D='~/trib' START", before: 'a folder of the name ~ was made' },
  { row: '67', shared: true, typed: 'T --data-dir other status', before: 'the last one held' },
  { row: '68', typed: 'TRIBUTARY_REDIS_URL=$REDIS TRIBUTARY_REDIS_FOLDER=none ROLE speed', before: 'ready' },
  { row: '69', typed: 'TRIBUTARY_BATCH_EVERY_MS=900 START', before: 'accepted: a generation a second' },
  { row: '70', typed: 'TRIBUTARY_ARCHIVER_MEMORY=1KB START', before: 'accepted' },
  {
    row: '71',
    shared: true,
    setup: raw`printf 'user,time,ch,v\nrs1,2026-11-21,a,1.50\n' > a.csv; T import csv a.csv ${MAP}`,
    typed: raw`printf 'state,time,user,ch,v\npaid,2026-11-21,rs1,a,1.5\n' > b.csv; T import csv b.csv ${MAP} > out; sleep 1; T signals get rs1 | grep -c purchase`,
    before: 'a column moved, another one came: “2”, each row of the first import counted twice',
  },
  {
    row: '71b',
    shared: true,
    setup: raw`printf 'user,time,ch,v\nrs2,2026-11-21,a,1.50\n' > a.csv; T import csv a.csv --map user=user,time=time,value=v --type purchase --currency EUR; sleep 1`,
    typed: `T import csv a.csv ${MAP}`,
    before: 'not tried (the first time without channel=ch)',
  },
  {
    row: '72',
    setup: raw`UP; redis-cli --no-auth-warning -u "$OWN_REDIS" SET 'tributary:{0}:log:trimmed' 1795456839632-0`,
    typed: 'TRIBUTARY_REDIS_URL=$OWN_REDIS D=unmounted ROLE speed',
    before: 'ready',
  },
  {
    row: '73',
    setup: 'START; sleep 4',
    typed: 'T doctor --config',
    before: 'it asked for a Redis, which npm start brings itself',
  },
  {
    row: '74',
    setup: 'START; rm -rf "$D/redis"; export TRIBUTARY_RESTORE_LOST_LOG=true; UP; sleep 3',
    typed: 'T status',
    before: 'without a word of it',
    lines: 9,
  },
  {
    row: '75',
    setup: 'START',
    typed: 'npm --silent --prefix "$REPO" start -- --port $P --data-dir "$D"',
    before: '60 522 demo events among those of the operator',
    lines: 1,
  },
  { row: '76', typed: 'TRIBUTARY_ARCHIVE=archive START', before: 'there was no such setting' },
  { row: '76b', typed: 'TRIBUTARY_ARCHIVE=s3://bucket START', before: 'the same' },
  { row: '76c', typed: 'TRIBUTARY_ARCHIVE=s3://My_Bucket/archive START', before: 'the same' },
  {
    row: '77',
    typed: 'TRIBUTARY_ARCHIVE="$D"/archive START',
    before: 'started; the first erasure removed archived files',
  },
  {
    row: '77b',
    setup: 'START',
    typed: 'TRIBUTARY_ARCHIVE="$D" D=other START',
    before: 'the same, in the folder of the other platform',
  },
  { row: '78', setup: 'touch file', typed: 'TRIBUTARY_ARCHIVE=$PWD/file START', before: 'refused already' },
  {
    row: '79',
    setup: 'TRIBUTARY_ARCHIVE=$PWD/a START',
    typed: 'START',
    before: 'restarts of the archiver, with the reason, beside roles that ran, then exit 1',
  },
  {
    row: '79b',
    setup:
      'export TRIBUTARY_ARCHIVE=$PWD/a; UP; T events send --type purchase --user f --value 1 --currency EUR; T batch run --wait; DOWN; mv a b',
    typed: 'START',
    before: 'not tried',
  },
  {
    row: '80',
    setup: 'UP; T events send --type purchase --user f --value 1 --currency EUR; T batch run --wait; DOWN',
    typed: 'TRIBUTARY_ARCHIVE=$PWD/a START',
    before: 'as 79',
  },
  {
    row: '81',
    typed: 'D=new T archive fetch $PWD/archiv',
    before: '“--data-dir must be a data folder with an archive”, and to name it with --data-dir',
  },
];

/** In the order of the page. */
export const ROWS: readonly Row[] = [...FIRST_ROWS, ...LATER_ROWS];
