import type { Finding } from './finding.ts';

/** Whether a client gets in and can talk. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'broken');
}

/** The last line: what it all comes to. */
export function verdict(findings: readonly Finding[]): string {
  const broken = findings.filter(({ severity }) => severity === 'broken');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  if (broken.length > 0) return `Broken: ${broken.map(({ id }) => id).join(', ')}.`;
  if (warnings.length > 0)
    return `It works, and somebody will have trouble: ${warnings.map(({ id }) => id).join(', ')}.`;
  return 'It works.';
}

/** The report as a page that stands alone. */
export function toHtml(url: string, findings: readonly Finding[]): string {
  const rows = findings.map(
    ({ stage, severity, id, text, advice }) => `<tr class="${severity}"><td>${escape(stage)}<td>${severity}<td>
<p>${escape(text)} <code>${escape(id)}</code></p>${advice.map((line) => `<p class="advice">${escape(line)}</p>`).join('')}`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(url)}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td { vertical-align: top; padding: 0.4rem 0.8rem; border-top: 1px solid #8886; }
p { margin: 0; } .advice { opacity: 0.8; } .ok td:nth-child(2) { color: #2a9d4a; } .warning td:nth-child(2) { color: #c77700; }
.broken td:nth-child(2) { color: #d33; font-weight: bold; }
</style>
<h1>${escape(url)}</h1><p>${escape(verdict(findings))}</p><table>${rows.join('\n')}</table></html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
