/**
 * The small machines of a connection beside its life (states.ts), as tables: `FLOWS` tells whether messages are wanted,
 * `TURNS` whether it may work on now. `CALLS` says which calls a sink may make from one of its methods, while another call
 * is under way.
 */

/** Whether messages are wanted: after `pause` they are held back, until there is nothing left that could be. */
export const FLOWS = {
  FLOWING: { pause: 'PAUSED', stopReading: 'STOPPED', resume: 'FLOWING', inputEnds: 'DRAINING' },
  /** What has come is delivered, and no more is wanted. */
  STOPPED: { pause: 'PAUSED', stopReading: 'STOPPED', resume: 'FLOWING', inputEnds: 'DRAINING' },
  PAUSED: { pause: 'PAUSED', stopReading: 'PAUSED', resume: 'FLOWING', inputEnds: 'DRAINING' },
  /** The transport brings nothing more: what it brought is delivered, and no pause is heeded. */
  DRAINING: { pause: 'DRAINING', stopReading: 'DRAINING', resume: 'DRAINING', inputEnds: 'DRAINING' },
} as const;
export type FlowName = keyof typeof FLOWS;
export const FLOW_NAMES = ['FLOWING', 'STOPPED', 'PAUSED', 'DRAINING'] as const satisfies readonly FlowName[];
export type FlowCause = keyof (typeof FLOWS)[FlowName];

/**
 * Whether it works on what has come. Once that has cost as much as one connection may in a turn (`turnBudget`), the rest
 * waits for the next one: until everybody else on the same thread has had theirs.
 */
export const TURNS = {
  WORKING: { spent: 'WAITING', turn: 'WORKING' },
  WAITING: { spent: 'WAITING', turn: 'WORKING' },
} as const;
export type TurnName = keyof typeof TURNS;
export const TURN_NAMES = ['WORKING', 'WAITING'] as const satisfies readonly TurnName[];
export type TurnCause = keyof (typeof TURNS)[TurnName];

/**
 * Whether a call is under way that may deliver events. The calls that bring bytes, time or the end `enter`, which a sink's
 * method must not make them do once more; all others may be made from there.
 */
export const CALLS = {
  OUTSIDE: { enter: 'INSIDE' },
  INSIDE: { leave: 'OUTSIDE' },
} as const;
