import colours from 'picocolors';

export type Paint = 'green' | 'cyan' | 'yellow' | 'red' | 'dim' | 'bold' | 'magenta';

/** The text in this colour, where the output is a terminal and nobody has said NO_COLOR. */
export function paint(colour: Paint, text: string): string {
  return colours[colour](text);
}

/** What a peer said, without what would steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
  });
}

/** Milliseconds, as people say them. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${(milliseconds * 1000).toFixed(0)} µs`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(1)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Bytes, as people say them. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
