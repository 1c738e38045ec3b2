/** What names a plan and one of its shards on every host. */

export interface PlanName {
  readonly generation: number;
  /** 16 hex digits. */
  readonly plan: string;
}

export interface ShardName extends PlanName {
  /** Its place among the shards of the plan, from 0. */
  readonly number: number;
}
