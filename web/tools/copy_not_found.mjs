// A static server answers an unknown address with 404.html; it is the same shell, and the page itself says 404.
import { copyFileSync, existsSync } from 'node:fs';

for (const ending of ['', '.gz', '.br']) {
  const shell = `build/200.html${ending}`;
  if (existsSync(shell)) copyFileSync(shell, `build/404.html${ending}`);
}
