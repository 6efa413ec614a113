type Class = abstract new (...args: any[]) => object;

/**
 * Gives a class that puts a face on a driver what WebIDL asks of an interface: the members of the face on its own
 * prototype, which inherits from `parent`'s, and enumerable; the tag; and constants that nothing changes.
 */
export function defineInterface(target: Class, parent: Class, constants: Record<string, number> = {}): void {
  const face = Object.getPrototypeOf(target.prototype) as object;
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(face))) {
    if (name !== 'constructor') Object.defineProperty(target.prototype, name, { ...property, enumerable: true });
  }
  if (face !== parent.prototype) Object.setPrototypeOf(target.prototype, parent.prototype);
  finishInterface(target, constants);
}

/** The same for a class that stands by itself. */
export function finishInterface(target: Class, constants: Record<string, number> = {}): void {
  const { prototype } = target;
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name !== 'constructor') Object.defineProperty(prototype, name, { ...property, enumerable: true });
  }
  for (const [name, value] of Object.entries(constants)) {
    for (const holder of [target, prototype]) Object.defineProperty(holder, name, { value, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: target.name, configurable: true });
}
