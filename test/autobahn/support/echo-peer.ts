import { Deflate, accept } from '../../../autobahn/deflate.ts';
import type { DeflateParameters } from '../../../autobahn/deflate.ts';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  FrameReader,
  PING,
  PONG,
  TEXT,
  encodeFrame,
  joinBytes,
} from '../../../autobahn/frames.ts';
import type { FrameHandler, FrameHead } from '../../../autobahn/frames.ts';
import { parseExtensions, serverResponse, takeHead } from '../../../autobahn/handshake.ts';
import type { Peer } from '../../../autobahn/memory.ts';
import { Utf8Validator } from '../../../autobahn/utf8.ts';
import type { Wire, WireHandler } from '../../../autobahn/wire.ts';

/** What an echo server may do wrong on purpose. */
export type Flaw =
  | 'echoes text as binary'
  | 'ignores reserved bits'
  | 'takes reserved opcodes for text'
  | 'answers no ping'
  | 'answers pings without their payload'
  | 'takes control frames of any size'
  | 'takes fragmented control frames'
  | 'takes a continuation of nothing for text'
  | 'takes a new message inside a message'
  | 'does not look at UTF-8'
  | 'looks at UTF-8 at the end of a message only'
  | 'fails invalid UTF-8 with 1002'
  | 'takes any close code'
  | 'answers every Close with 1001'
  | 'does not end TCP'
  | 'ends TCP without a Close'
  | 'goes on after a Close'
  | 'masks what it sends'
  | 'cuts messages at 65535 octets'
  | 'loses what follows the first frame of a read'
  | 'forgets the context of what it inflates'
  | 'keeps the context of what it deflates'
  | 'deflates with a larger window than it may'
  | 'sends a wrong Sec-WebSocket-Accept'
  | 'echoes the wrong octets';

/** An echo server that is right, or wrong in the given way. It stands on the suite's own codec, and only tests use it. */
export function echoPeer(flaw?: Flaw): Peer {
  return (wire) => new EchoPeer(wire, flaw);
}

const VALID_CODES = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]);

class EchoPeer implements WireHandler, FrameHandler {
  private readonly wire: Wire;
  private readonly flaw: Flaw | undefined;
  private readonly reader: FrameReader;
  private request: Uint8Array;
  private open: boolean;
  private closed: boolean;
  private parameters: DeflateParameters | undefined;
  private inflater: Deflate | undefined;
  private deflater: Deflate | undefined;
  private head: FrameHead | undefined;
  private frame: Uint8Array[];
  private opcode: number;
  private compressed: boolean;
  private message: Uint8Array[];
  private validator: Utf8Validator;
  private framesOfRead: number;

  constructor(wire: Wire, flaw: Flaw | undefined) {
    this.wire = wire;
    this.flaw = flaw;
    this.reader = new FrameReader(this);
    this.request = new Uint8Array(0);
    this.open = false;
    this.closed = false;
    this.parameters = undefined;
    this.inflater = undefined;
    this.deflater = undefined;
    this.head = undefined;
    this.frame = [];
    this.opcode = 0;
    this.compressed = false;
    this.message = [];
    this.validator = new Utf8Validator();
    this.framesOfRead = 0;
  }

  onBytes(bytes: Uint8Array): void {
    this.framesOfRead = 0;
    if (this.open) {
      this.reader.push(bytes);
      return;
    }
    this.request = joinBytes([this.request, bytes]);
    const head = takeHead(this.request);
    if (head === undefined) return;
    this.open = true;
    const offers = parseExtensions(head.fields.get('sec-websocket-extensions'));
    const accepted = accept(offers, {
      offers: [],
      accepts: [{ clientNoContextTakeover: false, clientMaxWindowBits: 0 }],
    });
    if (accepted !== undefined) this.compress(accepted.parameters);
    const response = serverResponse(head, accepted?.element ?? '');
    const wrong = this.flaw === 'sends a wrong Sec-WebSocket-Accept';
    this.wire.write(Buffer.from(wrong ? response.replace(/(Accept: )./, '$1!') : response));
    if (head.rest.length > 0) this.reader.push(head.rest);
  }

  onGone(): void {
    this.closed = true;
  }

  private compress(parameters: DeflateParameters): void {
    this.parameters = parameters;
    this.inflater = new Deflate('server', parameters);
    const keeps = this.flaw === 'keeps the context of what it deflates';
    const larger = this.flaw === 'deflates with a larger window than it may';
    this.deflater = new Deflate('server', {
      ...parameters,
      ...(keeps ? { serverNoContextTakeover: false } : {}),
      ...(larger ? { serverMaxWindowBits: 15 } : {}),
    });
  }

  onHead(head: FrameHead): boolean {
    const { flaw } = this;
    if (flaw === 'loses what follows the first frame of a read' && this.framesOfRead > 0) return false;
    const { fin, rsv, length } = head;
    let { opcode } = head;
    if (flaw === 'takes reserved opcodes for text' && ![0, 1, 2, 8, 9, 10].includes(opcode)) opcode = TEXT;
    if (flaw === 'takes a continuation of nothing for text' && opcode === CONTINUATION && this.opcode === 0) {
      opcode = TEXT;
    }
    this.head = { ...head, opcode };
    this.frame = [];
    if (
      rsv !== 0 &&
      flaw !== 'ignores reserved bits' &&
      !(rsv === 4 && this.parameters !== undefined && opcode < CLOSE)
    ) {
      return this.fail(1002);
    }
    if (opcode >= CLOSE) {
      if (opcode > PONG) return this.fail(1002);
      if (!fin && flaw !== 'takes fragmented control frames') return this.fail(1002);
      if (length > 125 && flaw !== 'takes control frames of any size') return this.fail(1002);
      return true;
    }
    if (opcode > BINARY || (opcode === CONTINUATION && this.opcode === 0)) return this.fail(1002);
    if (opcode === CONTINUATION) return true;
    if (this.opcode !== 0 && flaw !== 'takes a new message inside a message') return this.fail(1002);
    this.opcode = opcode;
    this.compressed = rsv === 4 && this.parameters !== undefined;
    this.message = [];
    this.validator = new Utf8Validator();
    return true;
  }

  onPayload(bytes: Uint8Array): boolean {
    this.frame.push(bytes);
    if (this.head!.opcode >= CLOSE || this.opcode !== TEXT || this.compressed) return true;
    if (this.flaw === 'does not look at UTF-8' || this.flaw === 'looks at UTF-8 at the end of a message only')
      return true;
    return this.validator.push(bytes) || this.failText();
  }

  onFrameEnd(): boolean {
    this.framesOfRead++;
    const { opcode, fin } = this.head!;
    const payload = joinBytes(this.frame);
    if (opcode === CLOSE) return this.onClose(payload);
    if (opcode === PING && this.flaw !== 'answers no ping') {
      this.send(PONG, this.flaw === 'answers pings without their payload' ? new Uint8Array(0) : payload);
    }
    if (opcode >= CLOSE) return true;
    this.message.push(payload);
    return fin ? this.onMessage() : true;
  }

  private onMessage(): boolean {
    const { flaw } = this;
    const joined = joinBytes(this.message);
    const opcode = this.opcode;
    this.opcode = 0;
    let message = joined;
    if (this.compressed) {
      try {
        message = this.inflater!.decompress(joined);
      } catch {
        return this.fail(1007);
      }
      if (flaw === 'forgets the context of what it inflates') this.inflater = new Deflate('server', this.parameters!);
    }
    if (opcode === TEXT && this.flaw !== 'does not look at UTF-8') {
      const validator = new Utf8Validator();
      if (!validator.push(message) || !validator.complete) return this.failText();
    }
    if (this.closed && this.flaw !== 'goes on after a Close') return false;
    const binary = opcode === BINARY || this.flaw === 'echoes text as binary';
    const echo = flaw === 'cuts messages at 65535 octets' ? message.slice(0, 65535) : message.slice();
    if (flaw === 'echoes the wrong octets' && echo.length > 0) echo[echo.length - 1]! ^= 1;
    const payload = this.compressed ? this.deflater!.compress(echo) : echo;
    this.send(binary ? BINARY : TEXT, payload, this.compressed ? 4 : 0);
    return true;
  }

  private onClose(body: Uint8Array): boolean {
    if (this.flaw === 'ends TCP without a Close') {
      this.closed = true;
      this.wire.end();
      return false;
    }
    const code = body.length === 0 ? 1000 : (body[0]! << 8) | body[1]!;
    const valid = body.length !== 1 && (VALID_CODES.has(code) || (code >= 3000 && code <= 4999));
    if (!valid && this.flaw !== 'takes any close code') return this.fail(1002);
    const validator = new Utf8Validator();
    if (!validator.push(body.subarray(2)) || !validator.complete) return this.failText();
    const mine =
      this.flaw === 'answers every Close with 1001' ? Uint8Array.of(1001 >> 8, 1001 & 0xff) : body.slice(0, 2);
    this.send(CLOSE, mine);
    this.closed = true;
    if (this.flaw === 'goes on after a Close') return true;
    this.endTcp();
    return false;
  }

  private failText(): boolean {
    return this.fail(this.flaw === 'fails invalid UTF-8 with 1002' ? 1002 : 1007);
  }

  private fail(code: number): boolean {
    this.send(CLOSE, Uint8Array.of(code >> 8, code & 0xff));
    this.closed = true;
    this.endTcp();
    return false;
  }

  private endTcp(): void {
    if (this.flaw !== 'does not end TCP') this.wire.end();
  }

  private send(opcode: number, payload: Uint8Array, rsv = 0): void {
    const key = this.flaw === 'masks what it sends' ? Uint8Array.of(1, 2, 3, 4) : undefined;
    this.wire.write(encodeFrame({ opcode, fin: true, rsv, length: payload.length, key }, payload));
  }
}
