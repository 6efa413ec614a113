/** One direction's octets and counts, of data messages only. */
export interface Flow {
  /** On the wire while the connection was open, frame heads and control frames included. */
  wire: number;
  /** Payloads as they stand in frames: compressed, where they are. */
  payload: number;
  /** Messages as the application has them. */
  application: number;
  frames: number;
  messages: number;
  /** On the wire before the connection was open. */
  opening: number;
}

/** What a connection carried, in the official suite's shape. */
export class Traffic {
  readonly sent: Flow;
  readonly received: Flow;

  constructor() {
    this.sent = { wire: 0, payload: 0, application: 0, frames: 0, messages: 0, opening: 0 };
    this.received = { wire: 0, payload: 0, application: 0, frames: 0, messages: 0, opening: 0 };
  }

  toJSON(): Record<string, number | null> {
    return { ...describe(this.sent, 'outgoing', 'Outgoing'), ...describe(this.received, 'incoming', 'Incoming') };
  }
}

function describe(flow: Flow, name: string, Name: string): Record<string, number | null> {
  return {
    [`${name}OctetsWireLevel`]: flow.wire,
    [`${name}OctetsWebSocketLevel`]: flow.payload,
    [`${name}OctetsAppLevel`]: flow.application,
    [`${name}CompressionRatio`]: flow.application === 0 ? null : flow.payload / flow.application,
    [`${name}WebSocketOverhead`]: flow.payload === 0 ? null : (flow.wire - flow.payload) / flow.payload,
    [`${name}WebSocketFrames`]: flow.frames,
    [`${name}WebSocketMessages`]: flow.messages,
    [`preopen${Name}OctetsWireLevel`]: flow.opening,
  };
}
