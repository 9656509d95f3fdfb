import { expect, test, vi } from 'vitest';
import type { Session } from '#lib/api/types';

const { client } = vi.hoisted(() => ({ client: { session: { get: vi.fn<() => Promise<Session>>() } } }));
vi.mock('#lib/api/client', () => ({ client, ApiError: Error }));

const { Site } = await import('./site.svelte');

test('who signs in while the page still asks who is there stays signed in', async () => {
  const site = new Site();
  let answer: (session: Session) => void = () => undefined;
  client.session.get.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  const asked = site.loadSession();
  site.setSession({ signed_in: true, name: 'Ada' });
  answer({ signed_in: false });
  await asked;
  expect(site.session).toEqual({ signed_in: true, name: 'Ada' });
});
