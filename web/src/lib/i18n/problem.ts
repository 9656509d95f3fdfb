// What went wrong, in the reader's language.
import type { ApiError } from '#lib/api/client';
import type { Messages } from './de';

export function problemText({ errors }: Messages, error: ApiError, isTriedAgain = true): string {
  if (error.offline) return isTriedAgain ? errors.offline : errors.offlineOnce;
  const words = errors.codes[error.code] ?? byStatus(errors, error.status);
  return error.member ? `${words} ${errors.member(error.member)}` : words;
}

/** Where the server, or a proxy before it, names no code of ours. */
function byStatus(t: Messages['errors'], status: number): string {
  if (status === 401 || status === 403) return t.forbidden;
  if (status === 404 || status === 410) return t.missing;
  if (status === 409 || status === 412) return t.conflict;
  return [429, 503, 507].includes(status) ? t.busy : t.server;
}
