/** Whether a character may stand in a token, RFC 9110 §5.6.2. */
export function isTokenChar(character: string): boolean {
  return /^[!#$%&'*+\-.0-9A-Z^_`|a-z~]$/.test(character);
}

export function isSpace(character: string): boolean {
  return character === ' ' || character === '\t';
}

export function unexpectedCharacter(at: number): SyntaxError {
  return new SyntaxError(`Unexpected character at index ${at}`);
}

export function unexpectedEnd(): SyntaxError {
  return new SyntaxError('Unexpected end of input');
}
