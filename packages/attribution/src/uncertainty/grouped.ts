/** What is counted by groups of users: figures of all groups, and of all but one. */
import type { Reward } from '../data-driven/counts.ts';
import type { ModelName } from '../models/catalogue.ts';
import type { Estimate } from './estimators.ts';
import type { BesideOrders } from './orders-of-channels.ts';

export interface Grouped {
  readonly model: ModelName;
  readonly reward: Reward;
  readonly level: number;
  readonly channels: readonly string[];
  readonly is: Estimate;
  /** The estimate from all groups but one, by group. */
  readonly without: readonly Estimate[];
  /** Conversions, those without a path too: of all groups, and of all but one, by group. What a conversion is worth is value by these. */
  readonly conversions: { readonly is: number; readonly without: readonly number[] };
  /** By channel: conversions that met it, by group. */
  readonly met: readonly (readonly number[])[];
  /** By channel: users by how often they order over it, and over other channels where they did not meet it (packages/views/src/order-numbers/fold.ts). */
  readonly orders: readonly BesideOrders[];
  /** Orders that are known by themselves, as many as there are; none where the reward is conversions. */
  readonly singleOrders: readonly SingleOrder[];
  /** Journeys that met no other channel, by channel: how many, and groups with a conversion. Only the game of rates asks. */
  readonly alone: readonly { readonly journeys: number; readonly groups: number }[];
}

export interface SingleOrder {
  /** Minor units. */
  readonly value: number;
  /** Those that it met. */
  readonly channels: readonly string[];
}
