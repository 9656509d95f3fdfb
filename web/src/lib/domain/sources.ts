// Whether the state of a source is good news.
export function sourceTone(state: string): 'good' | 'bad' | 'neutral' {
  if (['ok', 'running', 'active', 'connected'].includes(state)) return 'good';
  return ['error', 'failed', 'gap'].includes(state) ? 'bad' : 'neutral';
}
