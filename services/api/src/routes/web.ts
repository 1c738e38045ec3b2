/** What people look at on a page: shares and ranks of its elements. */
import { WEB_ROUTES } from '@tributary/contract/groups/web';
import type { Integer } from '@tributary/model/integer';
import { sumOf } from '@tributary/reports/sums';
import { unknownValues } from '@tributary/reports/unknown-values';
import { type AttentionRow, attentionReport } from '@tributary/reports/web/attention';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { attention } from '@tributary/views/attention/fold';
import { attentionTotals } from '@tributary/views/attention-totals/fold';
import type { Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

const FILTERS = ['page', 'layout'];

/** The measure of both views that a basis shares. */
const SHARED = { cursor: 'cursorMs', viewport: 'viewportMs', clicks: 'clicks' } as const;

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, WEB_ROUTES.attention, async (request, reply) => {
    const { query } = request;
    const { days, equal, layers, notes } = selectionOf(query, FILTERS);
    const snapshot = await takeSnapshot(context, [attention, attentionTotals], layers);
    return snapshot.ready(askerOf(request, reply), (ready) => {
      const whole = sumOf(ready.project(attentionTotals, { days, equal, by: [] }), attentionTotals.measures.length);
      const total = whole[attentionTotals.measures.indexOf(SHARED[query.basis])] as Integer;
      const elements = ready.project(attention, { days, equal, by: ['element'] });
      const { rows, ...report } = attentionReport(elements, attention.measures.indexOf(SHARED[query.basis]), total);
      const places = ready.project(attention, { days, equal, by: ['page', 'layout'] }).size;
      const unknown = unknownValues(ready, [days], equal, () => ({ views: [attentionTotals] }));
      return {
        basis: query.basis,
        range: days,
        total,
        ...report,
        rows: rows.map((row) => shown(row, places === 1)),
        meta: snapshot.meta({ holes: [], notes: [...notes, ...unknown] }),
      };
    });
  });
  done();
};

function shown({ element, n, percentTenths, rank, measures }: AttentionRow, isOneLayout: boolean) {
  const of = Object.fromEntries(attention.measures.map((name, i) => [name, measures[i] as Integer]));
  const { boxes = 0, seenViews = 0, clicks = 0, xPx = 0, yPx = 0, widthPx = 0, heightPx = 0 } = of;
  const mean = (sum: Integer) => Math.round(Number(sum) / Number(boxes));
  const box = { x: mean(xPx), y: mean(yPx), width: mean(widthPx), height: mean(heightPx) };
  return { element, n, percentTenths, rank, views: boxes, seenViews, clicks, box: isOneLayout && boxes > 0 ? box : null };
}
