// `$app/state` and `$app/navigation` as pages see them while the server renders.
import { getContext } from 'svelte';

interface Page {
  url: { pathname: string };
  status: number;
}

export const page = {
  get url() {
    return getContext<{ page: Page }>('__request__').page.url;
  },
  get status() {
    return getContext<{ page: Page }>('__request__').page.status;
  }
};

export const afterNavigate = () => undefined;
export const replaceState = () => undefined;
