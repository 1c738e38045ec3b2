/** Lies about workers of two versions that take turns: what the one counts and the other does not know. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_UPGRADES: readonly Mutation[] = [
  {
    lie: 'an answer over a view that a worker of an earlier version did not count is complete',
    law: '7',
    file: 'packages/serving/src/meta.ts',
    from: "lacks('view_not_counted', ...uncounted);",
    to: '',
    test: 'services/api/test/repeats.test.ts',
  },
  {
    lie: 'intervals are of groups of which a worker of an earlier version did not count the repeats',
    law: '7',
    file: 'packages/serving/src/snapshot.ts',
    from: "isLacking ? 'groups_not_kept' : await ofGroups()",
    to: 'isLacking && grouped.length === 0 ? null : await ofGroups()',
    test: 'services/api/test/repeats.test.ts',
  },
  {
    lie: 'a worker that takes over counts all of its views since the last cut',
    law: '7',
    file: 'packages/store/src/counted-views.ts',
    from: 'Math.min(countedSince(state, view), next)',
    to: 'Math.min(countedSince(state, view), next - 1)',
    test: 'services/speed/test/other-views.test.ts',
  },
  {
    lie: 'what a worker counts holds for the one that takes over from it',
    law: '7',
    file: 'packages/store/src/format/state.ts',
    from: "if (mark === '' || mark !== viewsMarkOf(commit)) return {};",
    to: "if (mark === '') return {};",
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'a follower goes on where a worker took over that counts other views',
    law: '7',
    file: 'packages/store/src/format/feed.ts',
    from: 'if (after !== last || viewsMarkOf(id) !== viewsMarkOf(last)) return false;',
    to: 'if (after !== last) return false;',
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'a view that real time did not count is compared with one that the batch layer computed',
    law: '7',
    file: 'jobs/recompute/src/reconcile/reconcile.ts',
    from: ' || isUncounted(name)) continue;',
    to: ' || (isUncounted(name) && name === "")) continue;',
    test: 'jobs/recompute/test/two-fleets.test.ts',
  },
  {
    lie: 'a worker that notes nothing counts what came after it',
    law: '7',
    file: 'packages/store/src/counted-views.ts',
    from: 'COUNTED_WITHOUT_NOTE.has(name) ? 0 : Number.POSITIVE_INFINITY',
    to: "COUNTED_WITHOUT_NOTE.has(name) || name.startsWith('scroll') ? 0 : Number.POSITIVE_INFINITY",
    test: 'services/speed/test/other-views.test.ts',
  },
  {
    lie: 'a run finds nothing new where a worker of another version did not count a view',
    law: '7',
    file: 'jobs/recompute/src/begin/nothing-new.ts',
    from: 'if (notCounted([state], VIEWS, manifest.generation).length > 0) return false;',
    to: 'if (notCounted([state], VIEWS, manifest.generation).length < 0) return false;',
    test: 'jobs/recompute/test/two-fleets.test.ts',
  },
];
