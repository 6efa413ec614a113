import type { Case } from '../case.ts';
import { SUITE_VERSION, cases, titles } from '../catalogue.ts';
import type { Results } from '../results.ts';
import type { Outcome } from '../run.ts';
import { SCRIPT, STYLE } from './assets.ts';
import { detailsOf } from './json.ts';

/** A page that needs nothing but itself: agents across, cases down, and behind each cell all there is to know. */
export function renderHtml(results: Results, title: string): string {
  const { agents } = results;
  const ran = cases.filter((test) => agents.some((agent) => results.get(agent, test) !== undefined));
  const details = agents.map((agent) =>
    Object.fromEntries(results.of(agent).map((outcome) => [outcome.test.id, detailsOf(agent, outcome)])),
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>The cases of Autobahn Testsuite ${SUITE_VERSION}, run by sansocket's own suite on
${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Each cell has the behaviour, and below it how the
connection was closed: by a code, or without one (-). A click shows the wire.</p>
${renderSummary(results)}
<table class="cases">
<thead><tr><th>Case</th>${agents.map((agent) => `<th>${escape(agent)}</th>`).join('')}</tr></thead>
<tbody>
${renderRows(results, ran)}
</tbody>
</table>
<dialog id="details"><form method="dialog"><button>Close</button></form><div></div></dialog>
<script type="application/json" id="data">${embed({ agents, details })}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function renderSummary(results: Results): string {
  const rows = results.agents.map((agent) => {
    const counts = new Map<string, number>();
    for (const { behavior } of results.of(agent)) counts.set(behavior, (counts.get(behavior) ?? 0) + 1);
    const cells = [...counts].map(([name, count]) => `<span class="${classOf(name)}">${count} ${escape(name)}</span>`);
    return `<li><b>${escape(agent)}</b> ${cells.join(' ')}</li>`;
  });
  return `<ul class="summary">${rows.join('\n')}</ul>`;
}

function renderRows(results: Results, ran: readonly Case[]): string {
  const { agents } = results;
  const rows: string[] = [];
  let chapter = '';
  let section = '';
  for (const test of ran) {
    const [first = '', second = ''] = test.id.split('.');
    if (first !== chapter) rows.push(heading('chapter', first, agents.length));
    const name = `${first}.${second}`;
    if (name !== section && titles.has(name)) rows.push(heading('section', name, agents.length));
    chapter = first;
    section = name;
    const cells = agents.map((agent, i) => renderCell(results.get(agent, test), i));
    rows.push(`<tr><th title="${escape(test.description)}">${test.id}</th>${cells.join('')}</tr>`);
  }
  return rows.join('\n');
}

function heading(kind: string, number: string, agents: number): string {
  return `<tr class="${kind}"><th colspan="${agents + 1}">${number} ${escape(titles.get(number) ?? '')}</th></tr>`;
}

function renderCell(outcome: Outcome | undefined, agent: number): string {
  if (outcome === undefined) return '<td class="missing">not run</td>';
  const { behavior, behaviorClose, facts, duration, test } = outcome;
  const time = test.reportTime === true ? ` <small>${duration} ms</small>` : '';
  const close = `${behaviorClose === 'OK' ? '' : `${behaviorClose} `}${facts.remoteCloseCode ?? '-'}`;
  return (
    `<td data-agent="${agent}" data-case="${test.id}">` +
    `<a href="#" class="${classOf(behavior)}">${behavior}${time}</a>` +
    `<a href="#" class="close ${classOf(behaviorClose)}">${close}</a></td>`
  );
}

function classOf(verdict: string): string {
  return verdict.toLowerCase().replaceAll(' ', '-');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON inside a script element: nothing in it may end the element. */
function embed(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
