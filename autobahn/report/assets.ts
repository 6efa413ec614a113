/** The report's style: one rule for each verdict, light and dark. */
export const STYLE = `
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
.summary { list-style: none; padding: 0; }
.summary span { border-radius: 3px; padding: 1px 6px; }
table.cases { border-collapse: collapse; }
table.cases th, table.cases td { border: 1px solid #8884; padding: 0; }
table.cases th { padding: 2px 8px; text-align: left; font-weight: normal; }
thead th { position: sticky; top: 0; background: Canvas; font-weight: bold !important; }
tr.chapter th { font-weight: bold; padding-top: 1rem; }
tr.section th { color: GrayText; }
td a { display: block; padding: 1px 10px; color: inherit; text-decoration: none; text-align: center; }
td a:hover { text-decoration: underline; }
td a.close { font-size: 80%; opacity: 0.85; }
.ok { background: #2a82; }
.non-strict { background: #fb06; }
.informational { background: #48f4; }
.unimplemented, .missing { background: #8883; }
.failed, .wrong-code, .unclean, .failed-by-client { background: #e228; font-weight: bold; }
dialog { width: min(60rem, 90vw); max-height: 85vh; }
dialog form { position: sticky; top: 0; text-align: right; }
dialog pre { overflow-x: auto; background: #8881; padding: 0.5rem; white-space: pre-wrap; word-break: break-all; }
dialog .received { color: #27c; }
dialog .sent { color: #a50; }
dialog .other { color: GrayText; }
`;

/** The report's script: shows a case's details in the dialog. Everything goes in as text, never as markup. */
export const SCRIPT = `
const { agents, details } = JSON.parse(document.getElementById('data').textContent);
const dialog = document.getElementById('details');
const add = (parent, name, text, className) => {
  const element = parent.appendChild(document.createElement(name));
  element.textContent = text;
  if (className) element.className = className;
  return element;
};
const frame = (it, opcode, fin, rsv) => opcode + (fin ? ' FIN' : '') + (rsv ? ' RSV ' + rsv : '') + ', ' + it[0] + ' octets';
const describe = (row) => {
  switch (row[0]) {
    case 'RO': return ['received', 'received ' + row[1][0] + ' octets: ' + row[1][1]];
    case 'TO': return ['sent', 'sent ' + row[1][0] + ' octets' + (row[2] ? ' alone' : '') + ': ' + row[1][1]];
    case 'RF': return ['received', '  frame received: opcode ' + frame(row[1], row[2], row[3], row[4]) + (row[5] ? ', masked with ' + row[6] : '') + '\\n    ' + row[1][1]];
    case 'TF': return ['sent', '  frame sent: opcode ' + frame(row[1], row[2], row[3], row[4]) + (row[5] ? ', masked with ' + row[5] : '') + (row[7] ? ', in chops of ' + row[7] : '') + '\\n    ' + row[1][1]];
    case 'CT': return ['other', 'waiting for ' + row[1] + ' s' + (row[2] ? ' (' + row[2] + ')' : '')];
    case 'CTE': return ['other', 'waited' + (row[1] ? ' (' + row[1] + ')' : '')];
    case 'KL': return ['other', 'will fail the connection in ' + row[1] + ' s'];
    case 'KLE': return ['other', 'failing the connection'];
    case 'TI': return ['other', 'will close the connection in ' + row[1] + ' s'];
    case 'TIE': return ['other', 'closing the connection'];
    default: return ['other', 'the wire log is switched ' + (row[1] ? 'on' : 'off')];
  }
};
const show = (agent, id) => {
  const it = details[agent][id];
  const body = dialog.querySelector('div');
  body.textContent = '';
  add(body, 'h2', id + ' · ' + agents[agent]);
  add(body, 'p', it.description);
  add(body, 'p', 'Expected: ' + it.expectation);
  add(body, 'p', it.behavior + ': ' + it.result);
  add(body, 'p', 'Closing: ' + it.behaviorClose + ': ' + it.resultClose);
  if (it.received.length) add(body, 'pre', 'Seen: ' + JSON.stringify(it.received));
  const facts = {};
  for (const key of ['closedByMe', 'failedByMe', 'droppedByMe', 'wasClean', 'wasNotCleanReason', 'localCloseCode',
    'localCloseReason', 'remoteCloseCode', 'remoteCloseReason', 'isServer', 'started', 'duration']) facts[key] = it[key];
  add(body, 'pre', JSON.stringify(facts, null, 2));
  if (it.trafficStats) add(body, 'pre', JSON.stringify(it.trafficStats, null, 2));
  add(body, 'h3', 'Opening handshake');
  add(body, 'pre', it.httpRequest + '\\n' + it.httpResponse);
  add(body, 'h3', 'Wire log');
  const log = add(body, 'pre', '');
  for (const row of it.wirelog) {
    const [className, text] = describe(row);
    add(log, 'span', text + '\\n', className);
  }
  add(log, 'span', it.droppedByMe ? 'TCP dropped by the suite' : 'TCP dropped by the peer', 'other');
  dialog.showModal();
};
document.addEventListener('click', (event) => {
  const cell = event.target.closest('td[data-case]');
  if (!cell) return;
  event.preventDefault();
  show(cell.dataset.agent, cell.dataset.case);
});
`;
