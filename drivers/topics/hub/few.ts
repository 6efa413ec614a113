/** A map that is mostly empty or of one entry: it costs a Map only from the second on. */
export class Few<K extends object, V extends object> {
  #key: K | undefined;
  #value: V | Map<K, V> | undefined;

  constructor() {
    this.#key = undefined;
    this.#value = undefined;
  }

  get size(): number {
    if (this.#value instanceof Map) return this.#value.size;
    return this.#value === undefined ? 0 : 1;
  }

  get(key: K): V | undefined {
    if (this.#value instanceof Map) return this.#value.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): void {
    if (this.#value instanceof Map) {
      this.#value.set(key, value);
    } else if (this.#value === undefined || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#value = new Map([
        [this.#key!, this.#value],
        [key, value],
      ]);
      this.#key = undefined;
    }
  }

  delete(key: K): void {
    if (this.#value instanceof Map) {
      this.#value.delete(key);
      if (this.#value.size === 0) this.#value = undefined;
    } else if (this.#key === key) {
      this.#key = undefined;
      this.#value = undefined;
    }
  }

  /** Those there are, and those that are added while it is gone through. */
  values(): Iterable<V> {
    const value = this.#value;
    if (value instanceof Map) return value.values();
    return value === undefined ? NONE : this.#startingWith(value);
  }

  *#startingWith(only: V): Iterable<V> {
    yield only;
    if (!(this.#value instanceof Map)) return;
    for (const value of this.#value.values()) if (value !== only) yield value;
  }
}

/** A set that is mostly empty or of one: it costs a Set only from the second on. */
export class FewOf<V extends object> {
  #values: V | Set<V> | undefined;

  constructor() {
    this.#values = undefined;
  }

  get size(): number {
    if (this.#values instanceof Set) return this.#values.size;
    return this.#values === undefined ? 0 : 1;
  }

  add(value: V): void {
    if (this.#values instanceof Set) this.#values.add(value);
    else if (this.#values === undefined) this.#values = value;
    else this.#values = new Set([this.#values, value]);
  }

  delete(value: V): void {
    if (this.#values instanceof Set) this.#values.delete(value);
    else if (this.#values === value) this.#values = undefined;
  }

  /** Those there are, and those that are added while it is gone through, where there was more than one. */
  values(): Iterable<V> {
    if (this.#values instanceof Set) return this.#values;
    return this.#values === undefined ? NONE : [this.#values];
  }
}

const NONE: readonly never[] = [];
