/** Assembles drivers/node/internals/masking.wat. Run as a script it writes drivers/node/internals/masking-wasm.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const source = new URL('../../drivers/node/internals/masking.wat', import.meta.url);
const target = new URL('../../drivers/node/internals/masking-wasm.ts', import.meta.url);

/** The module's bytes in base64. */
export async function assemble(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat('masking.wat', readFileSync(source, 'utf8'), { simd: true });
  try {
    module.validate();
    return Buffer.from(module.toBinary({}).buffer).toString('base64');
  } finally {
    module.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = ((await assemble()).match(/.{1,100}/g) ?? []).map((line) => `  '${line}'`);
  writeFileSync(
    target,
    `/** masking.wat, assembled: \`npm run wasm\`. */\nexport const MASKING_WASM =\n${lines.join(' +\n')};\n`,
  );
}
