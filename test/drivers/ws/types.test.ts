/** What `@types/ws` declares is there: a program that compiles against those types finds it at run time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from '../../../drivers/ws/index.ts';
import { ROOT } from '../../support/source.ts';

const path = join(ROOT, 'node_modules/@types/ws/index.d.ts');
const tree = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);

/** The names of the members of a class that is declared there. */
function membersOf(name: string, isStatic: boolean): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node) && node.name?.text === name) {
      for (const member of node.members) {
        const flags = ts.getCombinedModifierFlags(member);
        if (member.name === undefined || Boolean(flags & ts.ModifierFlags.Static) !== isStatic) continue;
        if (flags & ts.ModifierFlags.Private) continue;
        names.add(member.name.getText());
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...names];
}

test('every member of its WebSocket and its Server is there', () => {
  const socket = new WebSocket(null);
  const server = new WebSocketServer({ noServer: true });
  const instance = membersOf('WebSocket', false);
  const listening = membersOf('Server', false);
  expect(instance.length).toBeGreaterThan(20);
  expect(listening.length).toBeGreaterThan(8);
  expect(instance.filter((name) => !(name in socket))).toEqual([]);
  // It declares a `path`, which `ws` itself has not.
  expect(listening.filter((name) => !(name in server))).toEqual(['path']);
  expect(membersOf('WebSocket', true).filter((name) => !(name in WebSocket))).toEqual([]);
});
