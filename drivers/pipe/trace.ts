/**
 * What an end of a connection did or was told: it asked for a connection, was refused or accepted one; it wrote, or
 * aborted; data, the peer's end or room to write came; the transport was over (`lost`), or broken by an error (`broken`).
 */
export type TraceEvent =
  'connect' | 'refused' | 'accept' | 'write' | 'abort' | 'data' | 'end' | 'drain' | 'lost' | 'broken';

/** One line of a network's log. */
export interface TraceEntry {
  /** Virtual milliseconds. */
  readonly time: number;
  /** The link's id. */
  readonly link: number;
  /** At whose end. */
  readonly side: 'client' | 'server';
  /** What has happened. */
  readonly event: TraceEvent;
  /** How many bytes were written or came; otherwise 0. */
  readonly bytes: number;
}

/** Is told of everything that happens in a network, in order. */
export type Trace = (entry: TraceEntry) => void;
