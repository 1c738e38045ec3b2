/** Users who are due when what is followed changes: more than one commit looks at, whatever changes and wherever the worker dies. */
import { expect, test } from 'vitest';
import { startFollowing, withSegments } from './following.ts';

const PLANNER = { enter: "type == 'search'", ttl: '14d' };
const DEFINITIONS = withSegments({ planner: PLANNER });
const WITH_MORE = withSegments({ planner: PLANNER, more: { enter: "type == 'booking'", ttl: '20d' } });
const USERS = ['ann', 'bo', 'cy', 'dee', 'eva'];

type Platform = ReturnType<typeof startFollowing>;

const beat = ({ log }: Platform, receivedAt: number) =>
  log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt }) });
const cross = ({ log }: Platform, generation: number, { json }: { readonly json: string }) =>
  log.append(0, { kind: 'barrier', body: JSON.stringify({ generation, definitions: json }) });

/** Entered on day 0, by a log whose clock is at day 1. */
async function entered(limits: object): Promise<Platform> {
  const platform = startFollowing({ definitions: DEFINITIONS, limits });
  platform.setClock(1);
  await platform.send(...USERS.map((user) => ['search', 0, user] as const));
  return platform;
}

const MS_OF_DAY_20 = Date.parse('2026-09-21T00:00:00Z');

/** What is in the log at once, behind the searches; and what is said of each user, less the entry. */
const CHANGES: Record<string, { readonly come: (platform: Platform) => Promise<unknown>; readonly said: readonly string[] }> = {
  'other definitions come into force': {
    async come(platform) {
      platform.setClock(300);
      await beat(platform, MS_OF_DAY_20);
      await cross(platform, 1, WITH_MORE);
    },
    said: ['planner left 14'],
  },
  'other definitions come into force before all were looked at by those before': {
    async come(platform) {
      platform.setClock(300);
      await cross(platform, 1, WITH_MORE);
      await beat(platform, MS_OF_DAY_20);
      await cross(platform, 2, DEFINITIONS);
    },
    said: ['planner left 14'],
  },
  'log time falls back, twice': {
    async come(platform) {
      for (let fall = 0; fall < 2; fall++) {
        platform.setClock(300);
        await beat(platform, MS_OF_DAY_20);
        platform.setClock(2);
        await beat(platform, 0);
      }
    },
    said: ['planner left 14', 'planner revised left 14', 'planner left 14', 'planner revised left 14'],
  },
};

test.each(Object.keys(CHANGES))('laws 2 and 3: users who are due are said before %s', async (change) => {
  const { come, said } = CHANGES[change] as (typeof CHANGES)[string];
  for (const passedUsers of [1, 1_000])
    for (const maxEntries of [1, 1_000])
      for (const dies of [false, true]) {
        const platform = await entered({ passedUsers, maxEntries });
        await come(platform);
        // A worker that begins does not know yet who is left.
        for (let life = 0; dies && life < 40; life++) {
          platform.restart();
          await platform.once();
        }
        // What was read ahead of a change is read again: an iteration may take nothing in between.
        for (let times = 0; times < 5; times++) await platform.drain();
        const run = `${passedUsers} users and ${maxEntries} entries a commit, ${dies ? 'each of another worker' : 'one worker'}`;
        for (const user of USERS)
          expect(await platform.said(user), `${user}, ${run}`).toEqual(['planner entered 0 until 14', ...said]);
      }
});
