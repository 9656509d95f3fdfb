// Whether the page is being printed: then long lists stand there whole.
import { createSubscriber } from 'svelte/reactivity';

let isPrinting = false;

const subscribe = createSubscriber((update) => {
  const paper = matchMedia('print');
  const turn = (printing: boolean) => () => {
    isPrinting = printing;
    update();
  };
  const [begin, end, change] = [turn(true), turn(false), () => turn(paper.matches)()];
  addEventListener('beforeprint', begin);
  addEventListener('afterprint', end);
  paper.addEventListener('change', change);
  return () => {
    removeEventListener('beforeprint', begin);
    removeEventListener('afterprint', end);
    paper.removeEventListener('change', change);
  };
});

export function printing(): boolean {
  subscribe();
  return isPrinting;
}
