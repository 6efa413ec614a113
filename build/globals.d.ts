/**
 * Names of the web that our declarations use. Where the types of the DOM or of Node are there, these merge with them and add
 * nothing; where neither is, they let our declarations be read.
 */
interface AbortSignal {}
interface URL {}
interface ReadableStream<R = any> {}
interface WritableStream<W = any> {}
interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
