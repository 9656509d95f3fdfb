// One shape per provenance, on a grid of 24 by 24, so that origin never depends on colour.
import type { Provenance } from '#lib/api/types';

export const shapes: Record<Provenance | 'unknown', string> = {
  measured: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z',
  recorded: 'M3 3h18v18H3z',
  simulated: 'M12 1l11 11-11 11L1 12z',
  forecast: 'M12 2l11.500 20H.500z',
  entered: 'M6.500 2.500h11L23 12l-5.500 9.500h-11L1 12z',
  mixed: 'M2 2h12v12H2zM16 10a6 6 0 1 1 0 12 6 6 0 0 1 0-12z',
  unknown: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM12 6a6 6 0 1 1 0 12 6 6 0 0 1 0-12z'
};
