/**
 * `npm run bench:startup`: the CPU time of a process that imports this package, and that of one that imports `ws`, beside one that imports
 * nothing. `-- --node PATH` for another Node, `-- --runs N` for more than 30 of each.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ROOT } from './compile.ts';

/** What each imports. Their own time is what `process.cpuUsage()` says at the end of the process. */
const PROGRAMS = {
  nothing: '',
  ws: "import 'ws';",
  sansocket: "import 'sansocket';",
  'sansocket/node': "import 'sansocket/node';",
  'sansocket/ws': "import 'sansocket/ws';",
};

const { values: options } = parseArgs({
  options: { node: { type: 'string', default: process.execPath }, runs: { type: 'string', default: '30' } },
});

const spent = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, [] as number[]]));
for (let run = 0; run < Number(options.runs); run++) {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const end =
      "import process from 'node:process'; const { user, system } = process.cpuUsage(); console.log(user + system);";
    const { stdout } = spawnSync(options.node, ['--input-type=module', '-e', program + end], { cwd: ROOT });
    spent[name]!.push(Number(stdout) / 1000);
  }
}
const least = (name: string): number => {
  const sorted = spent[name]!.sort((a, b) => a - b);
  return sorted[0]!; // others use the machine, too, which only adds
};
for (const name of Object.keys(PROGRAMS)) {
  const own = least(name) - least('nothing');
  const ratio = (own / (least('ws') - least('nothing'))).toFixed(2);
  process.stdout.write(
    `${name.padEnd(16)}${least(name).toFixed(1)} ms, ${own.toFixed(1)} of its own: ${ratio} of ws\n`,
  );
}
