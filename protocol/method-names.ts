import { nameOf } from './option-check.ts';
import { nearestTo } from './option-names.ts';

/** Methods that are looked up by their names, of which none has to be there: those of a sink, handlers. */
export interface MethodTable {
  /** What they are, before the name of one: "the sink’s". */
  readonly known: string;
  /** What is said of another, before its name: "the sink has no". */
  readonly unknown: string;
  readonly names: readonly string[];
  /** What others call them, in lower case and without `on`. */
  readonly elsewhere: ReadonlyMap<string, string>;
}

/** Throws a TypeError for a method of what was given to the function `of` that is none. */
export function checkMethods(of: string, { known, names }: MethodTable, given: object): void {
  for (const name of names) {
    const method = (given as Readonly<Record<string, unknown>>)[name];
    if (method === undefined || typeof method === 'function') continue;
    throw new TypeError(`${of}: ${known} ${name} must be a function, not ${nameOf(method)}`);
  }
}

/** Throws a TypeError for a function that is called otherwise here: it would never be called. What else an object has is its own. */
export function checkMethodNames(of: string, table: MethodTable, given: object): void {
  const all = given as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(all)) {
    if (table.names.includes(name) || typeof all[name] !== 'function') continue;
    const meant = whichIsMeant(name, table, all);
    if (meant !== undefined) throw new TypeError(`${of}: ${table.unknown} ${name}: ${meant}`);
  }
}

/** From so many letters on, a function whose name is nearly a method's is no other that happens to be there (`clone`, `ring`). */
const TYPED_WRONG = 6;

/**
 * What somebody will have meant by a function that is none of these methods, as the end of a sentence; undefined where it is likely
 * to be their own.
 */
function whichIsMeant(
  name: string,
  { names, elsewhere }: MethodTable,
  given: Readonly<Record<string, unknown>>,
): string | undefined {
  const bare = bareName(name);
  const right = names.find((one) => bareName(one) === bare) ?? elsewhere.get(bare);
  if (right !== undefined) return `it is called ${right} here`;
  if (bare.length < TYPED_WRONG) return undefined;
  const nearest = nearestTo(bare, names.map(bareName));
  const method = names.find((one) => bareName(one) === nearest);
  return method === undefined || given[method] !== undefined ? undefined : `did you mean ${method}?`;
}

function bareName(name: string): string {
  return name.replace(/^on/i, '').toLowerCase();
}
