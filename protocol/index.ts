/**
 * The sans-IO core: bytes in, events and bytes out. It imports nothing, waits for nothing and runs anywhere.
 */
export { Connection } from './connection.ts';
export { Phase, TransportAction } from './phase.ts';
export type { ConnectionOptions, EstablishedOptions, ServerConnectionOptions } from './options.ts';
export type { Sink } from './sink.ts';
export { EventQueue, type Event } from './events.ts';
export type { CloseFrame, CloseInfo } from './closing/close-info.ts';
export { checkClose, isCloseCode } from './closing/close-payload.ts';
export type { BytesLike } from './data.ts';
export { toBytes } from './data.ts';
export {
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  isOkCode,
  ProtocolError,
  TimeoutError,
  WebSocketError,
  type FailedResponse,
  type HandshakeErrorInit,
  type WebSocketErrorInit,
} from './errors.ts';
export { DEFAULT_LIMITS, resolveLimit, resolveLimits, type LimitOptions, type Limits } from './limits.ts';
export { PreparedMessage } from './prepared.ts';
export { defaultRandom, type RandomSource } from './random.ts';
export { decodeThrough, portableText, type TextCodec } from './text.ts';
export { Workspace, type WorkspaceOptions } from './workspace.ts';
export type {
  ExtensionElement,
  ExtensionNegotiator,
  HeaderFields,
  HeaderInit,
  Opening,
  PlainRequest,
  Rejection,
  RequestHead,
  ResponseHead,
  UpgradeRequest,
} from './handshake/types.ts';
export type { ClientRequest } from './handshake/client.ts';
export type { ClientRequestOptions, ClientResource } from './handshake/client-request.ts';
export type { AsciiDecoder } from './handshake/head-parser.ts';
export type { AllowedOrigins } from './handshake/origin.ts';
export type { SubprotocolSelector } from './handshake/subprotocols.ts';
export { parseWebSocketUrl, type WebSocketUrl } from './handshake/url.ts';
export { TunnelHandshake, type TunnelOptions } from './handshake/tunnel.ts';
export { retryAfter } from './handshake/retry-after.ts';
export { acceptKey } from './handshake/accept-key.ts';
export { answerConnect, answerUpgrade, type ConnectAnswer, type UpgradeAnswer } from './handshake/answer.ts';
export {
  CANCEL,
  isExtendedConnect,
  isHttp2Preface,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
} from './handshake/extended-connect.ts';
export type { AcceptOptions } from './handshake/server.ts';
export { ServerPolicy, type ServerHandshakeOptions } from './handshake/server-policy.ts';
export type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
  InflaterParams,
} from './permessage-deflate/codec.ts';
export type { CompressOptions } from './permessage-deflate/options.ts';
export { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
export { SlidingWindow } from './permessage-deflate/sliding-window.ts';
export type { FrameTrace, TracedFrame } from './framing/trace.ts';
export { type Masker, PortableMasker } from './framing/masking.ts';
