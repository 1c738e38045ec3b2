/** Names of views that earlier versions had. No other view gets one of them, and rows of deltas that lie under them are retired like all others. */
export const EARLIER_VIEWS: readonly string[] = ['repeats', 'laterOrders', 'scroll'];
