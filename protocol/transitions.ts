import { FLOW_NAMES, type FlowCause, FLOWS, TURN_NAMES, type TurnCause, TURNS } from './flows.ts';
import { CAUSES, Phase, type Role, ROLES, STATE_NAMES, STATES, type StateRow } from './states.ts';

// The tables of states.ts and flows.ts as small integers, for a machine that is asked often: names by their index, and columns of a
// table by the state's.

function numbered<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, index) => [name, index])) as Record<Name, number>;
}

/** The causes as numbers. */
export const On = numbered(CAUSES);
/** The flows as numbers. */
export const Flow = numbered(FLOW_NAMES);
/** The turns as numbers. */
export const Turn = numbered(TURN_NAMES);
/** The states as numbers. */
export const State = numbered(STATE_NAMES);

function columnOf(value: (row: StateRow) => number): Uint8Array {
  return Uint8Array.from(STATE_NAMES, (name) => value(STATES[name]));
}

export const PHASE_IN = columnOf(({ phase }) => phase);
export const BYTES_IN = columnOf(({ bytes }) => bytes);
export const ACTION_IN = columnOf(({ action }) => action);
export const DEADLINE_IN = columnOf(({ deadline }) => deadline);
/** Whether our Close frame is still to go out: until then, something else may go before it. */
export const MAY_CLOSE_IN = columnOf(({ phase, on }) => Number(phase === Phase.OPEN || on.sendClose !== undefined));

/** In the place of a next state: the cause has no entry. */
const REFUSED = 0xff;

function transitionsOf(role: Role): readonly Uint8Array[] {
  return CAUSES.map((cause) =>
    Uint8Array.from(STATE_NAMES, (name) => {
      const next = STATES[name].on[cause] ?? REFUSED;
      if (next === REFUSED) return REFUSED;
      if (next === 'SAME') return State[name];
      return State[typeof next === 'string' ? next : next[role]];
    }),
  );
}

const TRANSITIONS = ROLES.map(transitionsOf);

/** The roles as numbers. */
export const RoleNumber = numbered(ROLES);

/** Whether a cause has an entry in a state. All three are numbers. */
export function isAllowed(role: number, state: number, cause: number): boolean {
  return TRANSITIONS[role][cause][state] !== REFUSED;
}

/** The state that a cause leads to. A cause without an entry is a bug here: calls are asked about with `isAllowed` first. */
export function nextState(role: number, state: number, cause: number): number {
  const next = TRANSITIONS[role][cause][state];
  if (next === REFUSED) throw new Error(`${CAUSES[cause]} in the state ${STATE_NAMES[state]}`);
  return next;
}

/** The flow that a cause leads to. */
export function nextFlow(flow: number, cause: FlowCause): number {
  return Flow[FLOWS[FLOW_NAMES[flow]][cause]];
}

/** Whether it works on, after a cause. */
export function nextTurn(turn: number, cause: TurnCause): number {
  return Turn[TURNS[TURN_NAMES[turn]][cause]];
}
