import { BOOLEAN, oneOf, type OptionTable } from './option-check.ts';

/** What a connection does where RFC 6455 leaves it the choice. */
export interface ConductOptions {
  /** How TEXT is handed out: as a `'string'`, or as the `'bytes'` that it came in, checked to be UTF-8. Default `'string'`. */
  text?: 'string' | 'bytes' | undefined;
  /** Whether pings are answered (§5.5.2) without anyone's doing. `false` leaves that to whoever hears of them. Default true. */
  autoPong?: boolean | undefined;
  /** Whether the Close frame that a peer's fault is answered with has a reason that says what it was. Default true. */
  explainFaults?: boolean | undefined;
}

/** What each of them may be. */
export const CONDUCT_OPTIONS: OptionTable<ConductOptions> = {
  text: oneOf('string', 'bytes'),
  autoPong: BOOLEAN,
  explainFaults: BOOLEAN,
};

/** The same, resolved. */
export interface Conduct {
  /** Whether TEXT is handed out as bytes. */
  readonly textAsBytes: boolean;
  /** Whether pings are answered. */
  readonly autoPong: boolean;
  /** Whether a Close frame for a peer's fault says what it was. */
  readonly explainFaults: boolean;
}

const DEFAULT: Conduct = { textAsBytes: false, autoPong: true, explainFaults: true };

/** Fills in the defaults. Throws a TypeError for what is no such option. Connections without any share one object. */
export function resolveConduct(options: ConductOptions & { conduct?: Conduct | undefined }): Conduct {
  if (options.conduct !== undefined) return options.conduct;
  const { text = 'string', autoPong = true, explainFaults = true } = options;
  if (text !== 'string' && text !== 'bytes') throw new TypeError("text must be 'string' or 'bytes'");
  if (typeof autoPong !== 'boolean') throw new TypeError('autoPong must be a boolean');
  if (typeof explainFaults !== 'boolean') throw new TypeError('explainFaults must be a boolean');
  if (text === 'string' && autoPong && explainFaults) return DEFAULT;
  return { textAsBytes: text === 'bytes', autoPong, explainFaults };
}
