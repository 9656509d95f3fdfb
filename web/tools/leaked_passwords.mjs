// The list of passwords that were leaked often, one a line, for the program to refuse: build_server/leaked_passwords.txt
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const list = JSON.parse(readFileSync('node_modules/@zxcvbn-ts/language-common/src/passwords.json', 'utf8'));
mkdirSync('build_server', { recursive: true });
writeFileSync('build_server/leaked_passwords.txt', list.join('\n') + '\n');
