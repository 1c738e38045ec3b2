/** Who is in a segment now, how many they are, and up to which instant that is known. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { cursorIn, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, type Place } from '../state/place.ts';

type Members = Answer<'listMembers'>;

const PAGE_ROWS = 50;
const EVERY_MS = 5_000;

const NOT_READY: Readonly<Record<Exclude<Members['status'], 'READY'>, readonly [title: string, says: string]>> = {
  BACKFILLING: [
    'Its members are not known yet',
    'The segment is new or changed: not every user was looked at, or records do not reach as far back as it looks.',
  ],
  NOT_IN_FORCE: ['It is not in force everywhere yet', 'Some partitions still follow other definitions: this passes by itself.'],
};

export function MembersPanel({ name, place }: { readonly name: string; readonly place: Place }) {
  const asked: Asked<'listMembers'> = { name, limit: PAGE_ROWS, ...cursorIn(place) };
  const members = useAnswer('listMembers', asked, place.query.get('cursor') === null ? EVERY_MS : 0);
  return (
    <WhenAnswered of={members}>
      {({ status, asOf, count: many, members: keys, nextCursor, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="Members"
            about="By partition, then by key. Expiry and absence take effect by log time, without an event of the user."
            question={addressOfQuestion('listMembers', asked)}
            csv={() => csvOf(COLUMNS, keys)}
          >
            <dl class="facts">
              <dt>Members</dt>
              <dd>{count(many)}</dd>
              <dt>Known up to</dt>
              <dd>
                {asOf === null ? NONE : `${instant(asOf)} UTC`}
                {meta.speed.lagMs !== null && meta.speed.lagMs > 0 && `; live is ${duration(meta.speed.lagMs)} behind`}
              </dd>
            </dl>
            {status !== 'READY' ? (
              <Empty title={NOT_READY[status][0]}>{NOT_READY[status][1]}</Empty>
            ) : keys.length === 0 ? (
              <Empty title="It has no member now" />
            ) : (
              <ul class="names" aria-label="Members">
                {keys.map((key) => (
                  <li key={key}>
                    <a href={addressOf('user', { id: key })}>
                      <Name text={key} />
                    </a>
                  </li>
                ))}
              </ul>
            )}
            <Pager place={place} nextCursor={nextCursor} older="More members" first="The first members" />
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

const COLUMNS = [{ head: 'User', raw: (key: string) => key }];
