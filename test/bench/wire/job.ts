/** What one measurement does: handed as JSON to the peer under test and to the load generator. */
export interface Job {
  /** The role of the peer under test; the load generator takes the other one. */
  role: 'server' | 'client';
  work: 'echo' | 'broadcast' | 'handshake' | 'idle';
  kind: 'text' | 'cjk' | 'binary' | 'json';
  /** Bytes of a message's payload. */
  size: number;
  connections: number;
  /** Messages in flight on each connection; for `broadcast`, messages in a round. */
  depth: number;
  /** Frames that each message is sent in, to the peer under test. */
  fragments: number;
  /** `takeover`: contexts kept in both directions. `shared`: the server compresses without takeover, with one compressor. */
  compress: false | 'takeover' | 'shared';
  /** What the messages are of, where they are not WebSocket's alone: the events of Socket.IO. Or what serves HTTP: node:http. Or what carries it. */
  over?: 'socket.io' | 'node:http' | 'tls' | 'http2';
  /** The server's, where there is TLS. */
  certificate?: { key: string; cert: string };
  /** The peer moves bytes and speaks no protocol: no handshake, bytes of one constant value. */
  raw: boolean;
  /** Bytes that one message takes on the wire, to the peer under test and back; what a raw peer keeps to. */
  wire: { in: number; out: number };
}

/** The peer's side of a measurement, from inside its process. */
export interface Sample {
  /** User and system CPU time of the whole process so far, in microseconds. */
  cpu: number;
  /** The system's part of that. */
  kernel: number;
  rss: number;
  /** The used heap and what hangs on it outside (V8's `heapUsed` and `external`), in bytes. */
  heap: number;
}

/** The load generator's side. */
export interface Run {
  /** Messages that went to the peer, came back and were checked (deliveries, handshakes, connections). */
  messages: number;
  /** Wall time, in milliseconds. */
  elapsed: number;
  /** The generator's own CPU time, in microseconds. */
  cpu: number;
}

/**
 * Memory in use. Between two readings with the same number of collections nothing was given back: the differences are
 * what was allocated.
 */
export interface Allocated {
  /** On V8's heap, in bytes. */
  heap: number;
  /** In array buffers outside of it, in bytes. */
  buffers: number;
  collections: number;
}
