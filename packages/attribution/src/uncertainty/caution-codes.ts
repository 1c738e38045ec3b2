/**
 * What a reader must know beside an interval, or instead of one: codes for programs, sentences for people. What to do
 * about each: docs/uncertainty.md#cautions.
 */

export const CAUTIONS = {
  journeys_as_units:
    'each conversion counted as an independent journey: users are not known, and intervals are too narrow where they convert repeatedly',
  some_without_user:
    'conversions without a user counted as independent journeys: intervals are too narrow where their users convert repeatedly',
  fewer_than_100_conversions: 'fewer than 100 conversions in all: read the intervals, not the figures',
  no_conversions: 'no conversion: an upper bound only, and no rank',
  credit_without_conversion:
    'no interval and no rank: no conversion met it, and the model credits it for conversions of channels that come after it on paths',
  too_few_conversions: 'too few conversions (under 5); of users, who may convert repeatedly, no interval',
  few_conversions: 'few conversions (5 to 19)',
  fewer_than_10_conversions: 'no interval of ROAS and CPA: fewer than 10 conversions, or users who convert',
  values_as_sums: 'no interval of value: values are known as sums of several orders only; give a row an order',
  few_users_decide: 'no interval: a few users make up much of the conversions, or may as far as these data show',
  no_value: 'no interval of value: the orders are worth 0, or have no value',
  few_orders_decide: 'no interval of value: a few large orders decide it, of these data or beyond them',
  few_large_orders:
    'one order has 5 % of the value or more, or the values differ so much that fewer than 100 equal orders would be as certain',
  larger_orders_unseen:
    'intervals of value go up to the largest order of these data: larger ones may be so rare that all are missing',
  value_not_positive: 'no interval of value: refunds outweigh sales',
  never_differs:
    'no interval where a figure is the same in every resampling, or without any group of users: that does not show how far off it may be',
  shares_not_certain:
    'no interval of shares: channels that have no interval make up 5 % or more, and the parts of all others rest on them',
  sign_not_certain:
    'no interval of share, credit and value: the effect is less than 3 standard errors above 0, and may be below it',
  sampled_effects:
    'no intervals: the effects are sampled, for the model has too many channels or states, and that error is not of the users',
  too_costly:
    'no intervals: the model would be computed again and again for minutes; tell fewer channels apart, or lower the order',
  outside_of_whole: 'effects only: shares below 0 or above 1 hand out no credit',
  rates_not_certain:
    'no intervals: the effects of all channels rest on the rate over each of them alone, and over one of them alone there are fewer than 5 journeys',
  few_journeys_alone: 'no interval: fewer than 30 journeys, or 5 conversions, over this channel alone',
  few_groups: 'no interval: so few groups of users have conversions of it that fewer than 5 users may have made them all',
  differs_between_groups:
    'no interval: conversions of the channel differ more between groups of users than those of the others, as where a few users make up much of them',
  few_users: 'so few groups of users have conversions of it that fewer than 20 users may have made them all',
  too_few_groups: 'no intervals: users are kept in fewer than 8 groups (partitions)',
  several_currencies: 'no interval of value: values of several currencies are added up; ask for one currency',
  too_many_group_rows:
    'no intervals: by groups of users the credit of rules has more rows than a generation keeps (500 000); ask for a data-driven model, or run it over events',
  groups_not_kept:
    'no intervals: this generation, or what was counted since, lacks counts by groups of users; the next one has them',
} as const;

export type CautionCode = keyof typeof CAUTIONS;
