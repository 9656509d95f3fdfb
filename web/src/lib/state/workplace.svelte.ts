// Which city the staff member works in.
import { getContext, setContext } from 'svelte';

export class Workplace {
  city = $state('');
}

const key = Symbol('workplace');

export const provideWorkplace = (workplace: Workplace): Workplace => setContext(key, workplace);
export const useWorkplace = (): Workplace => getContext<Workplace>(key);
