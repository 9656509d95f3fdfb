import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ApiError } from '#lib/api/client';
import { de } from './de';
import { en } from './en';
import { problemText } from './problem';

const server = join(import.meta.dirname, '../../../../src');
const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]
  );

test('the pages have words for every kind of problem that the server names', () => {
  const table = readFileSync(join(server, 'http/problem.cc'), 'utf8');
  const codes = [...table.matchAll(/"\/problems\/([a-z-]+)"/g)].map((match) => match[1]!);
  expect(codes.length).toBeGreaterThan(10);
  for (const messages of [de, en]) expect(Object.keys(messages.errors.codes).sort()).toEqual(codes.sort());
});

test('and for every reason why something was not taken in', () => {
  const forms = [/rejection\{"([a-z_]+)"/g, /\breason = "([a-z_]+)"/g, /quarantine\(t, p, "([a-z_]+)"/g];
  const counted = /tally::(?:rejected|failed), [^;"]*"([a-z_ ]+)"/g;
  const sources = ['ingest', 'contract', 'capability/devices']
    .flatMap((folder) => files(join(server, folder)))
    .filter((file) => file.endsWith('.cc') && !file.endsWith('_test.cc'))
    .map((file) => readFileSync(file, 'utf8'));
  const reasons = new Set(
    sources.flatMap((text) => [...forms, counted].flatMap((form) => [...text.matchAll(form)].map((match) => match[1]!)))
  );
  expect(reasons.size).toBeGreaterThan(8);
  for (const reason of reasons)
    for (const messages of [de, en]) expect(messages.work.book.reasons, reason).toHaveProperty([reason]);
});

test('a problem is told in the reader’s language, with the entry it is about', () => {
  const error = new ApiError(400, 'expected at most 31 days', 'invalid', 'days');
  expect(problemText(de, error)).toBe('Eine Angabe ist nicht zulässig. Es geht um die Angabe „days“.');
  expect(problemText(en, error)).toBe('One of the entries is not permitted. It is about the entry “days”.');
  expect(problemText(de, new ApiError(429, 'proxy'))).toBe(de.errors.busy);
});
