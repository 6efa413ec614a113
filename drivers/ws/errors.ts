import type { FaultKind, ProtocolError } from '../../protocol/index.ts';

/** What `ws` calls a fault of the peer's. */
interface Description {
  readonly code: string;
  readonly text: string | ((error: ProtocolError) => string);
  /** Whether the text names an invalid frame. */
  readonly isFrame?: boolean;
  /** What the error is. Default: a RangeError. */
  readonly type?: ErrorConstructor;
}

const INVALID_UTF8: Description = {
  code: 'WS_ERR_INVALID_UTF8',
  text: 'invalid UTF-8 sequence',
  isFrame: true,
  type: Error,
};

const TOO_MANY_PARTS = 'WS_ERR_TOO_MANY_BUFFERED_PARTS';

const DESCRIPTIONS: Readonly<Record<FaultKind, Description>> = {
  rsv1: { code: 'WS_ERR_UNEXPECTED_RSV_1', text: 'RSV1 must be clear', isFrame: true },
  'rsv2-rsv3': { code: 'WS_ERR_UNEXPECTED_RSV_2_3', text: 'RSV2 and RSV3 must be clear', isFrame: true },
  opcode: { code: 'WS_ERR_INVALID_OPCODE', text: ({ found }) => `invalid opcode ${found}`, isFrame: true },
  fin: { code: 'WS_ERR_EXPECTED_FIN', text: 'FIN must be set', isFrame: true },
  'control-length': {
    code: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    text: ({ found }) => `invalid payload length ${found}`,
    isFrame: true,
  },
  'mask-missing': { code: 'WS_ERR_EXPECTED_MASK', text: 'MASK must be set', isFrame: true },
  mask: { code: 'WS_ERR_UNEXPECTED_MASK', text: 'MASK must be clear', isFrame: true },
  // `ws` takes these; there is no code of its own for it.
  'length-form': {
    code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    text: 'the payload length is not in its shortest form',
    isFrame: true,
  },
  length: {
    code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    text: 'Unsupported WebSocket frame: payload length > 2^53 - 1',
  },
  'message-size': { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', text: 'Max payload size exceeded' },
  fragments: { code: TOO_MANY_PARTS, text: 'Too many message fragments' },
  utf8: INVALID_UTF8,
  inflate: { code: 'Z_DATA_ERROR', text: 'the message does not inflate', type: Error },
  'close-code': {
    code: 'WS_ERR_INVALID_CLOSE_CODE',
    text: ({ found }) => `invalid status code ${found}`,
    isFrame: true,
  },
  flood: { code: TOO_MANY_PARTS, text: 'Too many buffered chunks' },
};

/** A peer's fault as the 'error' event has it: what zlib said is zlib's own error. */
export function errorOf(fault: ProtocolError): Error {
  if (fault.kind === 'protocol') return fault;
  if (fault.kind === 'inflate' && fault.cause instanceof Error) return fault.cause;
  const { code, text, isFrame = false, type = RangeError } = DESCRIPTIONS[fault.kind];
  const words = typeof text === 'string' ? text : text(fault);
  const error = new type(isFrame ? `Invalid WebSocket frame: ${words}` : words, { cause: fault });
  return Object.assign(error, { code });
}
