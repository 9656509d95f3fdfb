/** Whether the state of a source is good news. */
export function sourceTone(state: string): 'good' | 'bad' | 'neutral' {
  if (['ok', 'running', 'active', 'connected'].includes(state)) return 'good';
  return ['error', 'failed', 'gap'].includes(state) ? 'bad' : 'neutral';
}

/** What people call a source: `webhook:stadtwerke` is “stadtwerke”, and what has no name of its own has one in `words`. */
export function sourceName(id: string, words: Record<string, string>): string {
  return words[id] ?? id.replace(/^(webhook|mqtt):/, '');
}
