// Reads AsyncAPI documents, one JSON file each, with the AsyncAPI initiative's parser and prints its diagnostics
// as JSON: [{file, severity, code, message, path}]. Exits 0 however many there are: judging them is the caller's.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Parser } from '@asyncapi/parser';

const SEVERITIES = ['error', 'warning', 'info', 'hint'];

async function diagnose(parser, file) {
  const { diagnostics } = await parser.parse(await readFile(file, 'utf8'));
  return diagnostics.map(({ severity, code, message, path }) => ({
    file: basename(file),
    severity: SEVERITIES[severity],
    code: String(code),
    message,
    path: path.join('.'),
  }));
}

const parser = new Parser();
const found = [];
for (const file of process.argv.slice(2)) found.push(...(await diagnose(parser, file)));
process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
