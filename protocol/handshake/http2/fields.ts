/** The fields of an HTTP/2 message, RFC 9113 §8.3: the pseudo-header fields by name, and all others as they came. */
export interface FieldSection {
  readonly pseudo: Readonly<Record<string, string>>;
  /** Names and values in turn. */
  readonly rawHeaders: string[];
}

/** Those of a request: RFC 9113 §8.3.1, and `:protocol` from RFC 8441 §4. */
export const REQUEST_PSEUDO: ReadonlySet<string> = new Set([':authority', ':method', ':path', ':protocol', ':scheme']);

/** That of a response: RFC 9113 §8.3.2. */
export const RESPONSE_PSEUDO: ReadonlySet<string> = new Set([':status']);

/** Fields about a connection of HTTP/1.1: a message that has one of them is malformed. RFC 9113 §8.2.2 */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Takes the fields of a message apart. Undefined when it is malformed: a pseudo-header field that is not in `known`,
 * stands twice or behind another field; a name in capitals (RFC 9113 §8.2); a field about the connection.
 * Throws a TypeError for what is no list of names and values, which is the caller's mistake.
 */
export function splitFields(fields: readonly string[], known: ReadonlySet<string>): FieldSection | undefined {
  if (!Array.isArray(fields) || fields.length % 2 !== 0 || !fields.every((it) => typeof it === 'string')) {
    throw new TypeError('fields must be names and values in turn');
  }
  const pseudo = Object.create(null) as Record<string, string>;
  const rawHeaders: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    if (name.startsWith(':')) {
      if (rawHeaders.length > 0 || !known.has(name) || pseudo[name] !== undefined) return undefined;
      pseudo[name] = value;
    } else {
      if (/[A-Z]/.test(name) || isAboutConnection(name, value)) return undefined;
      rawHeaders.push(name, value);
    }
  }
  return { pseudo, rawHeaders };
}

/** The same fields as HTTP/2 has them: names in lower case, and none that is about a connection or in `without`. */
export function lowerFields(rawHeaders: readonly string[], without?: ReadonlySet<string>): string[] {
  const fields: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = rawHeaders[i + 1];
    if (!isAboutConnection(name, value) && without?.has(name) !== true) fields.push(name, value);
  }
  return fields;
}

/** RFC 9113 §8.2.2: TE may say one thing here, and that is nothing about the connection. */
function isAboutConnection(name: string, value: string): boolean {
  return CONNECTION_FIELDS.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers');
}
