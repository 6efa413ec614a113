/**
 * The sans-IO core: bytes in, events and bytes out. It imports nothing, waits for nothing and runs anywhere.
 */
export { Connection } from './connection.ts';
export { Phase, TransportAction, type Cause, type StateName } from './states.ts';
export type { ConnectionOptions, EstablishedOptions, ServerConnectionOptions, Trace, TracedState } from './options.ts';
export type { Sink } from './sink.ts';
export { EventQueue, type Event } from './events.ts';
export type { CloseFrame, CloseInfo, Traffic } from './closing/close-info.ts';
export { checkClose, isCloseCode } from './closing/close-payload.ts';
export type { BytesLike } from './data.ts';
export {
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  isOkCode,
  ProtocolError,
  TimeoutError,
  type ExpiredTimer,
  type TimeoutErrorInit,
  WaitTimeoutError,
  WebSocketError,
  type ErrorKind,
  type FailedResponse,
  type FaultKind,
  type HandshakeErrorInit,
  type ProtocolErrorInit,
  type WebSocketErrorInit,
} from './errors.ts';
export type { Conduct, ConductOptions } from './conduct.ts';
export { DEFAULT_LIMITS, type LimitOptions, type Limits } from './limits.ts';
export { encodeFrame, type FrameInit } from './frame.ts';
export { PreparedMessage } from './prepared.ts';
export type { RandomSource } from './random.ts';
export type { TextCodec } from './text/text-codec.ts';
export { Resources, type ResourcesOptions } from './resources.ts';
export type {
  ExtensionElement,
  ExtensionNegotiator,
  HeaderFields,
  HeaderInit,
  Opening,
  PlainRequest,
  Refusal,
  RefusalKind,
  Rejection,
  RequestHead,
  ResponseHead,
  UpgradeRequest,
} from './handshake/types.ts';
export type { ClientRequest } from './handshake/client.ts';
export type { ClientRequestOptions, ClientResource } from './handshake/client-request.ts';
export type { AsciiDecoder } from './handshake/http1/head-parser.ts';
export type { AllowedOrigins } from './handshake/origin.ts';
export type { ServerHandshakeOptions } from './handshake/server-policy.ts';
export type { SubprotocolSelector } from './handshake/subprotocols.ts';
export { parseWebSocketUrl, type WebSocketUrl } from './handshake/url.ts';
export { retryAfter } from './handshake/retry-after.ts';
export { acceptKey, type Sha1 } from './handshake/accept-key.ts';
export { answerConnect, answerUpgrade, type ConnectAnswer, type UpgradeAnswer } from './handshake/answer.ts';
export { CANCEL, isExtendedConnect, SETTINGS_ENABLE_CONNECT_PROTOCOL } from './handshake/http2/extended-connect.ts';
export type { AcceptOptions } from './handshake/server.ts';
export type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
  InflaterParams,
} from './permessage-deflate/codec.ts';
export type { CompressOptions } from './permessage-deflate/options.ts';
export { establishDeflate } from './permessage-deflate/established.ts';
export type { TracedFrame } from './framing/trace.ts';
export type { Masker } from './framing/masking.ts';
