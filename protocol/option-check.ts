import { whatIsMeant } from './option-names.ts';

/** What an option may be. */
export interface OptionKind {
  /** For an error's text: `${name} must be ${expected}`. */
  readonly expected: string;
  /** Whether a value is one. `false` is no value for most: it turns the option off. */
  fits(value: unknown): boolean;
  /** Whether there is no such thing as turning it off, so that `false` is an error too. */
  readonly hasNoOff?: boolean;
  /** What an object of options consists of, where the option is one. */
  readonly table?: OptionTable<object>;
}

/** The options that a function takes, with what each may be: every key of its type, and no other. */
export type OptionTable<T> = { readonly [K in keyof Required<T>]: OptionKind };

/** What checked options have for a prototype, and nothing else has: they are not checked twice. */
const CHECKED: object = Object.freeze(Object.create(null));

/**
 * The options of the function `of`, checked against its table: an object that has each option of the table as its own,
 * `undefined` where it was not given or is turned off with `false`. Only own properties count, so that a polluted
 * `Object.prototype` has no say in it.
 *
 * Throws a TypeError that names the option for one that the table doesn't have, with the nearest one that it has, and for
 * one that is something else than it may be. Options that were checked before are returned as they are.
 */
export function checkOptions<T extends object>(of: string, table: OptionTable<T>, options: T | undefined): T {
  if (options === undefined) return checkOptions(of, table, {} as T);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${of}: the options must be an object, not ${nameOf(options)}`);
  }
  if (Object.getPrototypeOf(options) === CHECKED) return options;
  const given = options as Readonly<Record<string, unknown>>;
  const kinds = table as Readonly<Record<string, OptionKind>>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new TypeError(`${of}: unknown option ${name}: ${whatIsMeant(name, Object.keys(kinds))}`);
    }
  }
  const checked = Object.create(CHECKED) as Record<string, unknown>;
  for (const name of Object.keys(kinds)) {
    checked[name] = Object.hasOwn(given, name) ? checkOption(of, name, kinds[name], given[name]) : undefined;
  }
  return checked as T;
}

function checkOption(of: string, name: string, kind: OptionKind, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (!kind.fits(value)) {
    if (value === false && kind.hasNoOff !== true) return undefined;
    throw new TypeError(`${of}: ${name} must be ${kind.expected}, not ${nameOf(value)}`);
  }
  const isTable = kind.table !== undefined && typeof value === 'object';
  return isTable ? checkOptions(`${of}: ${name}`, kind.table, value as object) : value;
}

/** What a value is, for an error's text. Never the value itself where it may be a secret. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Object' || tag === 'Arguments') return 'an object';
  return /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

function ofType(type: string): (value: unknown) => boolean {
  return (value) => typeof value === type;
}

/** A number, or `false` for none at all. That it is not negative is seen where it is used: a RangeError. */
export const LIMIT: OptionKind = {
  expected: 'a number or false',
  fits: (value) => typeof value === 'number' || value === false,
};
/** What is looked at where it is used. */
export const ANYTHING: OptionKind = { expected: 'anything', fits: () => true };
export const NUMBER: OptionKind = { expected: 'a number', fits: ofType('number') };
export const STRING: OptionKind = { expected: 'a string', fits: ofType('string') };
export const BOOLEAN: OptionKind = { expected: 'a boolean', fits: ofType('boolean') };
export const FUNCTION: OptionKind = { expected: 'a function', fits: ofType('function') };
/** An object that is handed on as it is. */
export const OBJECT: OptionKind = {
  expected: 'an object',
  fits: (value) => typeof value === 'object' && value !== null,
};
export const STRINGS: OptionKind = {
  expected: 'a list of strings',
  fits: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};
export const STRING_OR_URL: OptionKind = {
  expected: 'a string or a URL',
  // One of another realm, or of another implementation, is one too.
  fits: (value) => typeof value === 'string' || typeof (value as { href?: unknown } | null)?.href === 'string',
};
export const PORT: OptionKind = {
  expected: 'a number from 0 to 65535',
  fits: (value) => typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value)),
  hasNoOff: true,
};
export const SIGNAL: OptionKind = {
  expected: 'an AbortSignal',
  fits: (value) =>
    typeof (value as AbortSignalLike | null)?.aborted === 'boolean' && 'addEventListener' in (value as object),
};
/** A path, several, or a function that tells them. */
export const PATHS: OptionKind = {
  expected: 'a path, a list of paths or a function',
  fits: (value) => typeof value === 'string' || typeof value === 'function' || STRINGS.fits(value),
};
/** Turning this off would let everyone in, and has to be said in words. */
export const ORIGINS: OptionKind = {
  hasNoOff: true,
  expected: "a list of origins, a function, or '*' for all",
  fits: (value) => value === '*' || typeof value === 'function' || Array.isArray(value),
};

/** What a server may be told of whom it lets in: over raw bytes, and where something else has parsed the request. */
export const POLICY_OPTIONS = {
  subprotocols: STRINGS,
  selectSubprotocol: FUNCTION,
  allowedOrigins: ORIGINS,
  headers: OBJECT,
  secure: BOOLEAN,
};

/** The same, but with no `false` that would turn it off. */
export function always(kind: OptionKind): OptionKind {
  return { ...kind, hasNoOff: true };
}

/** One of these strings. */
export function oneOf(...values: readonly string[]): OptionKind {
  const list = values.map((value) => `'${value}'`);
  const expected = `${list.slice(0, -1).join(', ')} or ${list[list.length - 1]}`;
  return { expected, fits: (value) => values.includes(value as string), hasNoOff: true };
}

/** An object that has these methods, of a class of its own or none: something that is implemented elsewhere. */
export function withMethods(what: string, ...methods: readonly string[]): OptionKind {
  return {
    expected: `${what}, with ${methods.join(', ')}`,
    fits: (value) =>
      OBJECT.fits(value) && methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
  };
}

/** Options of its own. */
export function optionsOf<T extends object>(table: OptionTable<T>): OptionKind {
  return { expected: 'an object of options', fits: OBJECT.fits, table: table as OptionTable<object> };
}

/** A boolean, or options of its own. */
export function booleanOr<T extends object>(table: OptionTable<T>): OptionKind {
  const kind = optionsOf(table);
  return {
    ...kind,
    expected: `a boolean or ${kind.expected}`,
    fits: (value) => typeof value === 'boolean' || OBJECT.fits(value),
  };
}

/** Throws a TypeError for what is neither role: one of them would be taken for the other. */
export function checkRole(of: string, role: 'client' | 'server'): void {
  if (role === 'client' || role === 'server') return;
  const given = typeof role === 'string' ? `'${String(role)}'` : nameOf(role);
  throw new TypeError(`${of}: the role must be 'client' or 'server', not ${given}`);
}

interface AbortSignalLike {
  readonly aborted: unknown;
}
