// Looks at the pages as people do: `BASE_URL=http://localhost:8030 npm run e2e`, in Debian's Chromium. With SIGN_IN_CODE,
// a one-time code, the workplace is visited too. Ends with a line "N passed, N failed".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { env, exit } from 'node:process';
import { chromium } from 'playwright-core';

const base = env.BASE_URL ?? 'http://localhost:8030';
const code = env.SIGN_IN_CODE;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];
const withGl = [...flags, '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
const withoutGl = [...flags, '--disable-software-rasterizer'];
const wide = { width: 1440, height: 1000 };
const phone = { width: 390, height: 844 };
const firstLoadMax = 200_000;

const tests = [];
const test = (sentence, run) => tests.push({ sentence, run });

function check(truth, message) {
  if (!truth) throw new Error(message);
}

const launch = (args) => chromium.launch({ executablePath: env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args });

async function open(browser, path, options = {}) {
  const context = await browser.newContext({ viewport: wide, locale: 'de-DE', ...options });
  const page = await context.newPage();
  page.faults = [];
  page.strangers = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|hydration/i.test(message.text())) page.faults.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && origin !== new URL(base).origin) page.strangers.push(request.url());
  });
  await page.goto(base + path);
  await page.waitForLoadState('domcontentloaded');
  return page;
}

const settled = (page) =>
  page.waitForFunction(() => !document.querySelector('.loading'), undefined, { timeout: 20_000 });
const calm = { reducedMotion: 'reduce' };

async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(
    (wanted) =>
      axe
        .run(document, { runOnly: wanted })
        .then((result) =>
          result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 140)).join(' | ')}`)
        ),
    rules
  );
}

async function checkPage(page) {
  const found = await violations(page);
  check(found.length === 0, found.join('\n'));
  check(page.faults.length === 0, page.faults.join('\n'));
  check(page.strangers.length === 0, `asked another host: ${page.strangers.join(', ')}`);
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  );
  check(sideways <= 0, `scrolls sideways by ${sideways} px`);
}

async function firstObject(page) {
  await page.goto(`${base}/`);
  const link = page.locator('.list tbody a').first();
  await link.waitFor({ timeout: 20_000 });
  return new URL(await link.getAttribute('href'), base);
}

const open_pages = [
  '/',
  '/api/',
  '/impressum/',
  '/datenschutz/',
  '/barrierefreiheit/',
  '/leichte-sprache/',
  '/workplace/',
  '/workplace/anmelden/',
  '/objekt/'
];
const staff_pages = [
  '',
  'geraete/',
  'geraete/neu/',
  'geraete/import/',
  'messstellen/',
  'eingang/',
  'eingang/?liste=1',
  'quellen/',
  'zugang/',
  'system/'
].map((part) => `/workplace/${part}`);

for (const [name, options] of [
  ['wide', { viewport: wide }],
  ['on a phone in the dark', { viewport: phone, colorScheme: 'dark' }]
]) {
  for (const language of ['', '/en']) {
    for (const path of open_pages) {
      test(`${language}${path} is accessible, ${name}`, async (browser) => {
        const page = await open(browser, language + path, { ...options, ...calm });
        await settled(page);
        if (path === '/') {
          const touch = page.getByRole('button', { name: /^(Karte öffnen|Open the map)$/ });
          if (options.viewport === phone) await touch.click();
          await page.locator('[data-map]').waitFor({ timeout: 30_000 });
        }
        await checkPage(page);
        await page.context().close();
      });
    }
    test(`an object with its chart and table is accessible, ${name}, ${language || '/'}`, async (browser) => {
      const page = await open(browser, '/', { ...options, ...calm });
      const address = await firstObject(page);
      await page.goto(`${base}${language}${address.pathname}${address.search}&span=week`);
      await page.locator('.chart svg, .empty, [role=region] table').first().waitFor({ timeout: 20_000 });
      const table = page.locator('main details summary').first();
      if (await table.count()) await table.click();
      await checkPage(page);
      await page.context().close();
    });
  }
}

test('an example of the interface runs on the page, and a wrong one says what is wrong', async (browser) => {
  const page = await open(browser, '/en/api/', { viewport: phone, ...calm });
  await settled(page);
  const examples = page.locator('section.card');
  await examples.first().getByRole('button', { name: 'Run' }).click();
  await examples.first().locator('[data-trial="200"]').waitFor({ timeout: 20_000 });
  const latest = examples.filter({ hasText: 'Series of temperatures' });
  await latest.getByRole('button', { name: 'Run' }).click();
  await latest.locator('[data-trial="200"]').waitFor({ timeout: 20_000 });
  await latest.getByText('"symbol": "°C"').first().waitFor({ timeout: 5_000 });
  const live = examples.filter({ hasText: 'Every change' });
  await live.getByRole('button', { name: 'Listen' }).click();
  await live.getByText('event: open').waitFor({ timeout: 20_000 });
  await live.getByRole('button', { name: 'Stop' }).click();
  await live.getByRole('button', { name: 'Listen' }).waitFor({ timeout: 5_000 });
  await examples.filter({ hasText: 'As GeoJSON' }).getByText('Accept: application/geo+json').waitFor();
  const wrong = examples.filter({ hasText: 'A wrong request' });
  await wrong.getByRole('button', { name: 'Run' }).click();
  await wrong.locator('[data-trial="400"]').waitFor({ timeout: 20_000 });
  await wrong.getByText('"member": "q"').waitFor({ timeout: 5_000 });
  await checkPage(page);
  await page.context().close();
});

test('an unknown page says so, and how to go on', async (browser) => {
  const page = await open(browser, '/gibt-es-nicht', calm);
  await page.getByRole('heading', { name: 'Diese Seite gibt es nicht' }).waitFor();
  const found = await violations(page);
  check(found.length === 0, found.join('\n'));
});

test('the first page weighs less than 200 KB without the map', async (browser) => {
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const sizes = new Map();
  const addresses = new Map();
  session.on('Network.responseReceived', ({ requestId, response }) => addresses.set(requestId, response.url));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength));
  await page.goto(`${base}/leichte-sprache/`);
  await page.goto('about:blank');
  sizes.clear();
  await session.send('Network.clearBrowserCache');
  await page.addInitScript(() => {
    window.IntersectionObserver = class {
      observe() {}
      disconnect() {}
      unobserve() {}
    };
  });
  await page.goto(`${base}/`);
  await settled(page);
  const files = [...sizes].filter(([id]) => !/\/(platform|ngsi-ld)\//.test(addresses.get(id) ?? ''));
  const total = files.reduce((sum, [, size]) => sum + size, 0);
  console.log(`   ${(total / 1000).toFixed(0)} KB in ${files.length} files`);
  check(total < firstLoadMax, `${total} bytes`);
  await context.close();
});

/** How much came over the line, and how far what was there already was moved by what came later. */
async function load(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  const addresses = [];
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  session.on('Network.requestWillBeSent', ({ request }) => addresses.push(request.url));
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(`${base}/`);
  await settled(page);
  await page.locator('.list tbody tr').first().waitFor({ timeout: 20_000 });
  await page.waitForTimeout(3000);
  const shift = await page.evaluate(() => window.shift);
  return { page, bytes, addresses, shift };
}

test('on a phone everything weighs less than 220 kB, nothing jumps, and the map comes with a touch', async (browser) => {
  const options = { viewport: phone, hasTouch: true, isMobile: true };
  const { page, bytes, addresses, shift } = await load(browser, options);
  console.log(`   ${(bytes / 1000).toFixed(0)} kB, shift ${shift.toFixed(3)}`);
  check(bytes < 220_000, `${bytes} bytes`);
  check(shift <= 0.05, `shifted by ${shift}`);
  check(!addresses.some((address) => address.includes('/demo-map/')), 'map data without a touch');
  await page.getByRole('button', { name: 'Karte öffnen' }).click();
  await page.locator('[data-map]').waitFor({ timeout: 40_000 });
  await page.context().close();
});

test('on a wide screen nothing jumps either', async (browser) => {
  const { page, shift } = await load(browser, { viewport: wide });
  check(shift <= 0.05, `shifted by ${shift}`);
  await page.context().close();
});

test('without a script the first page has every value, and the imprint names who answers', async (browser) => {
  const page = await open(browser, '/', { ...calm, javaScriptEnabled: false });
  check((await page.locator('.list tbody tr').count()) > 50, 'the list is not there');
  check((await page.locator('.tile').count()) === 8, 'the tiles are not there');
  for (const untrue of ['Wird geladen', 'Verbindung wird aufgebaut', 'Karte öffnen', 'Karte wird geladen'])
    check(!(await page.getByText(untrue).first().isVisible()), untrue);
  await page.getByText(/^Stand \d\d\.\d\d\./).waitFor();
  await page.goto(`${base}/en/impressum/`);
  await page.locator('address').first().waitFor();
  await page.context().close();
});

test('what the server wrote into a page is what the browser goes on with', async (browser) => {
  const page = await open(browser, '/', calm);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.reload();
  await page.locator('[data-connection=live]').waitFor({ timeout: 20_000 });
  check(!asked.some((address) => /ngsi-ld\/v1\/entities\?/.test(address)), 'everything was asked for once more');
  check(page.faults.length === 0, page.faults.join('\n'));
  await page.context().close();
});

test('the search finds quantities, words of daily life and streets, however they are spelled', async (browser) => {
  const page = await open(browser, '/', calm);
  await page.locator('.list tbody tr').first().waitFor({ timeout: 20_000 });
  const search = page.getByRole('searchbox');
  const rows = page.locator('.list tbody tr');
  for (const [wish, row] of [
    ['Wasserstand', /Wasserstand/],
    ['Luftdruck', /Luftdruck/],
    ['heiß', /Temperatur/],
    ['heiss', /Temperatur/],
    ['Leopoldstrasse', /Keuning/]
  ]) {
    await search.fill(wish);
    await rows.filter({ hasText: row }).first().waitFor({ timeout: 10_000 });
  }
  await search.fill('Nashornfütterung');
  await page.getByText('Zu „Nashornfütterung“ gibt es hier keine Daten.').waitFor();
  await page.context().close();
});

test('free spaces of a garage that were told hours ago are called out of date', async (browser) => {
  const page = await open(browser, '/?city=dortmund&kinds=parking', calm);
  const row = page.locator('.list tbody tr', { hasText: 'HDI' });
  await row.waitFor({ timeout: 20_000 });
  const time = Date.parse(await row.locator('time').getAttribute('datetime'));
  if (Date.now() - time > 3_700_000) check(await row.getByText('veraltet').count(), await row.innerText());
  await page.context().close();
});

test('on paper the list is whole', async (browser) => {
  const page = await open(browser, '/?kinds=stop', calm);
  const rows = page.locator('.list tbody tr');
  await rows.nth(99).waitFor({ timeout: 20_000 });
  check((await rows.count()) < 500, 'there is nothing to be seen');
  await page.emulateMedia({ media: 'print' });
  await page.waitForFunction(() => document.querySelectorAll('.list tbody tr').length > 900);
  const cut = await page.locator('.list .frame').evaluate((frame) => frame.scrollHeight - frame.clientHeight);
  check(cut <= 1, `cut off by ${cut} px`);
  await page.context().close();
});

test('values are renewed on the page without reloading', async (browser) => {
  const page = await open(browser, '/', calm);
  await page.locator('[data-connection=live]').waitFor({ timeout: 20_000 });
  await page.locator('.list tbody time').first().waitFor();
  const before = await page.locator('main time').evaluateAll((times) => times.map((time) => time.dateTime).join());
  await page.waitForFunction(
    (old) => [...document.querySelectorAll('main time')].map((time) => time.dateTime).join() !== old,
    before,
    { timeout: Number(env.LIVE_WAIT_MS ?? 90_000) }
  );
  await page.context().close();
});

test('the map shows objects, and choosing a kind leaves only that kind', async (browser) => {
  const page = await open(browser, '/', calm);
  await page.locator('[data-map]').waitFor({ timeout: 40_000 });
  const count = () => page.locator('.list tbody tr').count();
  const all = await count();
  await page.getByRole('group', { name: 'Zeigen' }).getByRole('button').nth(1).click();
  check((await count()) <= all && (await count()) > 0, 'no rows left');
  check(page.url().includes('kinds='), 'the choice is not in the address');
  await page.context().close();
});

test('city and list are reachable by keyboard alone', async (browser) => {
  const page = await open(browser, '/', calm);
  await settled(page);
  await page.keyboard.press('Tab');
  check(
    (await page.evaluate(() => document.activeElement.textContent.trim())) === 'Zum Inhalt springen',
    'no skip link first'
  );
  await page.locator('input[name=city]').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/city=/);
  await page.context().close();
});

test('each object says time, age, origin and can be taken along as CSV', async (browser) => {
  const page = await open(browser, '/', { ...calm, acceptDownloads: true });
  const address = await firstObject(page);
  await page.goto(`${base}${address.pathname}${address.search}`);
  const first = page.locator('.values li').first();
  await first.waitFor();
  check((await first.locator('time').getAttribute('datetime')).endsWith('Z'), 'no time');
  check(/gemessen|aufgezeichnet|nachgebildet|vorhergesagt|eingetragen/.test(await first.innerText()), 'no origin');
  const download = page.getByRole('button', { name: 'Als CSV laden' });
  await page.getByText('7 Tage', { exact: true }).click();
  await page.getByText('Letzte 7 Tage').waitFor();
  await download.waitFor({ timeout: 20_000 });
  const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
  const text = readFileSync(await file.path(), 'utf8');
  check(text.startsWith('\ufeffZeit_UTC,Wert') && text.includes('Herkunft'), text.slice(0, 80));
  await page.context().close();
});

test('what a neighbour measures names the neighbour’s town, in the list and on its page', async (browser) => {
  const page = await open(browser, '/?city=dortmund&kinds=weather', calm);
  const row = page.locator('.list tbody tr', { hasText: '(Bochum)' }).first();
  await row.waitFor({ timeout: 20_000 });
  check(/Wetter\s·\sBochum/.test(await row.innerText()), await row.innerText());
  await row.getByRole('link').click();
  const head = page.locator('main header');
  await head.getByText('Quelle: Stadt Bochum').waitFor({ timeout: 20_000 });
  check(!(await head.innerText()).includes('Dortmund'), await head.innerText());
  await page.context().close();
});

test('an object says in a word where its values are heading', async (browser) => {
  const page = await open(browser, '/?kinds=weather', calm);
  // One that reports day and night; a garage may not.
  const link = page.locator('.list tbody tr', { hasText: 'Werner Hellweg' }).getByRole('link');
  await link.waitFor({ timeout: 20_000 });
  await page.goto(new URL(await link.getAttribute('href'), base).href);
  await page
    .locator('.values .trend', { hasText: /steigt|fällt|bleibt gleich/ })
    .first()
    .waitFor({ timeout: 20_000 });
  await page.context().close();
});

test('the header carries the name of the city that is chosen, and no other', async (browser) => {
  const page = await open(browser, '/?city=schwerte', calm);
  await page.locator('header strong', { hasText: /^Schwerte$/ }).waitFor({ timeout: 20_000 });
  check(!(await page.locator('header').innerText()).includes('Dortmund'), 'the other city is named');
  await page.getByRole('link', { name: 'Datenzugang' }).click();
  await page.locator('header strong', { hasText: /^Stadtdaten$/ }).waitFor();
  await page.context().close();
});

test('markers that would lie on each other become one with a number, which opens with a click', async (browser) => {
  const page = await open(browser, '/?city=schwerte', { ...calm, viewport: { width: 1440, height: 2000 } });
  await page.locator('[data-map=idle]').waitFor({ timeout: 40_000 });
  const canvas = page.locator('.map canvas');
  const { width, height } = await canvas.boundingBox();
  const isCluster = async (x, y) => {
    await canvas.hover({ position: { x, y } });
    return /^\d+ Objekte/.test((await canvas.getAttribute('title')) ?? '');
  };
  const places = [];
  for (let y = 60; y < height - 60; y += 14) for (let x = 60; x < width - 60; x += 14) places.push([x, y]);
  const far = ([x, y]) => Math.hypot(x - width / 2, y - height / 2);
  for (const [x, y] of places.sort((a, b) => far(a) - far(b))) {
    if (!(await isCluster(x, y))) continue;
    const image = () => canvas.screenshot().then((bytes) => bytes.toString('base64'));
    const before = await image();
    await canvas.click({ position: { x, y } });
    const deadline = Date.now() + 10_000;
    while ((await image()) === before) check(Date.now() < deadline, 'nothing opened');
    await page.context().close();
    return;
  }
  check(false, 'no number on the map');
});

test('without a connection the page says so and keeps what it has', async (browser) => {
  const page = await open(browser, '/', calm);
  await page.locator('.list tbody tr').first().waitFor({ timeout: 20_000 });
  // The rows come with the page; whether it is offline only its script can tell, which asks for the session first of all.
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some((r) => r.name.endsWith('/platform/v1/session'))
  );
  await page.context().setOffline(true);
  await page.getByText('Ihr Gerät ist offline').waitFor();
  check((await page.locator('.list tbody tr').count()) > 0, 'the list is gone');
  await page.context().close();
});

test('without WebGL the list carries everything and a notice says why', async () => {
  const browser = await launch(withoutGl);
  const page = await open(browser, '/', calm);
  await page.getByText('kann die Karte nicht zeichnen').waitFor({ timeout: 30_000 });
  await page.locator('.list :is(tbody tr, .empty)').first().waitFor();
  await checkPage(page);
  await browser.close();
});

// An uplink as ChirpStack v4 posts it; the bytes are those of a room climate sensor.
function uplink(devEui, counter, bytes) {
  return {
    deduplicationId: crypto.randomUUID(),
    time: new Date().toISOString(),
    deviceInfo: { applicationName: 'e2e', deviceName: 'e2e', devEui },
    devAddr: '01020304',
    adr: true,
    dr: 5,
    fCnt: counter,
    fPort: 85,
    confirmed: false,
    data: Buffer.from(bytes, 'hex').toString('base64'),
    rxInfo: [{ gatewayId: '0016c001f1500812', rssi: -97, snr: 6.5 }],
    txInfo: {
      frequency: 868100000,
      modulation: { lora: { bandwidth: 125000, spreadingFactor: 7, codeRate: 'CR_4_5' } }
    }
  };
}

const randomEui = () =>
  [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function deliver(authorization, message) {
  const answer = await fetch(`${base}/dortmund/lorawan/chirpstack?event=up`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(message)
  });
  check(answer.ok, `webhook: ${answer.status} ${await answer.text()}`);
}

/** What a signed-in member of staff asks the server for, past the pages. */
async function ask(page, path, data) {
  const answer = await page.request.post(`${base}/dortmund/platform/v1/${path}`, {
    headers: { 'X-DOS-Request': '1' },
    data
  });
  check(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

if (code) {
  let signedIn;

  test('staff sign in with a one-time link, and its code leaves the address', async (browser) => {
    const page = await open(browser, '/impressum/', calm);
    // Who is there may be answered after somebody has signed in.
    await page.route('**/platform/v1/session', async (route) => {
      const answer = route.request().method() === 'GET' ? await route.fetch() : undefined;
      if (answer) await new Promise((resolve) => setTimeout(resolve, 1500));
      await (answer ? route.fulfill({ response: answer }) : route.continue());
    });
    await page.goto(`${base}/workplace/anmelden/?code=${encodeURIComponent(code)}`);
    await page.waitForURL(`${base}/workplace/`);
    await page.locator('.content h1').waitFor();
    signedIn = await page.context().storageState();
    await page.context().close();
  });

  test('one sensor goes from form to map, and its next value is on the page within a second', async (browser) => {
    const page = await open(browser, '/workplace/geraete/neu/', { ...calm, storageState: signedIn });
    const devEui = randomEui();
    const name = `Raum ${devEui.slice(0, 4)}`;
    await page.getByLabel('Gerätetyp').selectOption('milesight-am107');
    await page.getByLabel('DevEUI').fill(devEui.toUpperCase());
    await page.getByLabel('Name', { exact: true }).fill(`Sensor ${name}`);
    await page.getByLabel('Name der Messstelle').fill(name);
    await page.locator('.picker [data-map]').waitFor({ timeout: 40_000 });
    await page.locator('.picker canvas').click({ position: { x: 300, y: 180 } });
    check(/^\d+\.\d+$/.test(await page.getByLabel('Breite').inputValue()), 'no place from the map');
    await page.getByRole('button', { name: 'Gerät anlegen' }).click();
    await page.getByText('Das Gerät ist angelegt').waitFor({ timeout: 20_000 });

    await page.goto(`${base}/workplace/quellen/`);
    await page.getByLabel('Kurzer Name').fill(`e2e-${devEui}`);
    await page.getByRole('button', { name: 'Einrichten' }).click();
    const header = await page.locator('.kern-alert code').nth(1).innerText();
    const authorization = header.replace(/^Authorization: /, '');
    const send = (counter, bytes) => deliver(authorization, uplink(devEui, counter, bytes));

    await page.goto(`${base}/?city=dortmund`);
    await page.locator('[data-connection=live]').waitFor({ timeout: 20_000 });
    await page.getByRole('searchbox').fill(name);
    await send(1, '01756403670501046878077d4006');
    const value = page.locator('.list tbody tr', { hasText: name }).locator('.value');
    await value.getByText('1.600').waitFor({ timeout: 5000 });
    check(await page.locator('.list tbody tr', { hasText: name }).getByText('gemessen').count(), 'origin is missing');
    const before = performance.now();
    await send(2, '01756403670501046878077d2003');
    await value.getByText('800').waitFor({ timeout: 5000 });
    const took = performance.now() - before;
    console.log(`   ${took.toFixed(0)} ms from uplink to page`);
    check(took < 1000, `${took} ms`);
    await page.context().close();
  });

  test('a token is shown once, listed and revoked; a type that is closed is gone for citizens until it is opened again', async (browser) => {
    const page = await open(browser, '/workplace/zugang/', { ...calm, storageState: signedIn });
    await page.getByLabel('Für wen').fill('e2e');
    await page.getByRole('button', { name: 'Token anlegen' }).click();
    const token = await page.locator('.kern-alert code').first().innerText();
    const types = () => fetch(`${base}/dortmund/ngsi-ld/v1/types`, { headers: { authorization: `Bearer ${token}` } });
    check((await types()).ok, 'the token opens nothing');
    await page.reload();
    await page.getByRole('button', { name: 'Token anlegen' }).waitFor();
    check(!(await page.locator('main').innerText()).includes(token), 'the token is shown again');
    const entry = page.locator('section[aria-labelledby=tokens] li', { hasText: 'e2e' }).first();
    await entry.getByRole('button', { name: 'Sperren' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Sperren' }).click();
    await entry.waitFor({ state: 'detached' });
    check((await types()).status === 403, 'a revoked token still opens something');
    const own = page.locator('section[aria-labelledby=tokens] li', { hasText: 'Ihre Anmeldung' });
    check((await own.count()) === 1, 'one does not see which session is one’s own');

    const row = page.locator('.content li', { hasText: 'NoiseLevelObserved' });
    const seen = async () =>
      (await (await fetch(`${base}/dortmund/ngsi-ld/v1/entities?type=NoiseLevelObserved`)).json()).length > 0;
    await row.getByRole('button', { name: 'Zurückziehen' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Abbrechen' }).click();
    check(await seen(), 'withdrawn without an answer');
    await row.getByRole('button', { name: 'Zurückziehen' }).click();
    const citizen = await open(browser, '/?city=dortmund&kinds=noise', calm);
    const rows = citizen.locator('.list tbody tr');
    await rows.first().waitFor({ timeout: 20_000 });
    await citizen.locator('[data-connection=live]').waitFor({ timeout: 20_000 });
    await page.locator('dialog[open]').getByRole('button', { name: 'Zurückziehen' }).click();
    await row.getByText('nur intern').waitFor();
    await rows.first().waitFor({ state: 'detached', timeout: 10_000 });
    await citizen.context().close();
    check(!(await seen()), 'still public');
    await row.getByRole('button', { name: 'Freigeben' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Freigeben' }).click();
    await row.getByText('freigegeben', { exact: true }).waitFor();
    check(await seen(), 'not public again');
    await page.context().close();
  });

  test('what was rejected stands among what is to be done, says why, and leads to the form that mends it', async (browser) => {
    const page = await open(browser, '/workplace/', { ...calm, storageState: signedIn });
    const devEui = randomEui();
    const { header } = await ask(page, 'webhooks', { name: `lost-${devEui}`, network: 'chirpstack' });
    await deliver(header.replace(/^Authorization: /, ''), uplink(devEui, 1, '0175'));
    await page.reload();
    await page.getByRole('link', { name: 'Das Gerät ist hier nicht angemeldet.' }).click();
    const entry = page.locator('.card li', { hasText: devEui });
    await entry.getByText(`lost-${devEui}`).waitFor({ timeout: 20_000 });
    check(!(await entry.getByRole('link', { name: devEui }).count()), 'a link to a device that is not there');
    await checkPage(page);
    await entry.getByRole('link', { name: 'Gerät anmelden' }).click();
    await page.getByLabel('DevEUI').waitFor({ timeout: 20_000 });
    check((await page.getByLabel('DevEUI').inputValue()) === devEui, 'the DevEUI is not in the form');
    await page.context().close();
  });

  test('a silent device stands among what is to be done, and its page says that it is silent', async (browser) => {
    const page = await open(browser, '/workplace/', { ...calm, storageState: signedIn });
    await page.locator('[aria-labelledby=todo] li', { hasText: 'stumm' }).first().getByRole('link').click();
    await page.locator('main .state--bad', { hasText: 'stumm' }).waitFor({ timeout: 20_000 });
    await page.context().close();
  });

  test('a device that is not named or not registered is no failure: the page says so and how to go on', async (browser) => {
    const page = await open(browser, '/workplace/geraet/', { ...calm, storageState: signedIn });
    await page.getByText('Es fehlt die Angabe, welches Gerät').waitFor({ timeout: 20_000 });
    await checkPage(page);
    const devEui = randomEui();
    await page.goto(`${base}/workplace/geraet/?city=dortmund&id=${devEui}`);
    await page.getByText(`Ein Gerät ${devEui} ist in dieser Stadt nicht angemeldet.`).waitFor({ timeout: 20_000 });
    await checkPage(page);
    await page.getByRole('link', { name: 'Gerät anmelden' }).click();
    await page.getByLabel('DevEUI').waitFor({ timeout: 20_000 });
    check((await page.getByLabel('DevEUI').inputValue()) === devEui, 'the DevEUI is not in the form');
    await page.context().close();
  });

  test('a calibration is entered on the device’s page and stands there; a refused one is not lost', async (browser) => {
    const page = await open(browser, '/workplace/geraete/', { ...calm, storageState: signedIn });
    await page.getByRole('link', { name: 'Wetterstation Westfalenpark (simuliert)' }).click();
    await page.getByText('Kalibrierung eintragen').click();
    await page.getByLabel('Datum').fill('2026-03-01T10:00');
    await page.getByLabel('Bemerkung').fill('Vergleich im Labor');
    await page.route('**/devices/*', (route) =>
      route.request().method() === 'PATCH' ? route.fulfill({ status: 503, body: '{}' }) : route.continue()
    );
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByRole('alert').waitFor({ timeout: 20_000 });
    check((await page.getByLabel('Bemerkung').inputValue()) === 'Vergleich im Labor', 'what was written is gone');
    await page.unroute('**/devices/*');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page
      .locator('[aria-labelledby=calibration] li', { hasText: 'Vergleich im Labor' })
      .waitFor({ timeout: 20_000 });
    await checkPage(page);
    await page.context().close();
  });

  test('a server out of reach is said to be so on every page of the staff, which goes on by itself once it answers', async (browser) => {
    for (const path of ['/platform/v1/session', '/dortmund/platform/v1/sources']) {
      const page = await open(browser, '/impressum/', { ...calm, storageState: signedIn });
      await page.route(`**${path}`, (route) => route.abort());
      await page.goto(`${base}/workplace/quellen/`);
      await page.getByText('Die Seite versucht es von selbst weiter.').waitFor({ timeout: 20_000 });
      await page.unroute(`**${path}`);
      await page.getByText('Zuletzt empfangen').first().waitFor({ timeout: 20_000 });
      check(page.faults.length === 0, page.faults.join('\n'));
      await page.context().close();
    }
  });

  test('who may only read is shown no form that would refuse them', async (browser) => {
    const admin = await open(browser, '/workplace/', { ...calm, storageState: signedIn });
    const { token } = await ask(admin, 'tokens', { name: 'e2e viewer', role: 'viewer', days: 1 });
    await admin.context().close();
    const page = await open(browser, '/workplace/', calm);
    await page.getByLabel('Einmal-Code oder Token').fill('dos.wrong');
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByText('dieses Token gilt nicht').waitFor({ timeout: 20_000 });
    await page.getByLabel('Einmal-Code oder Token').fill(token);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.locator('[aria-labelledby=todo]').waitFor({ timeout: 20_000 });
    check((await page.getByText('Neues Gerät').count()) === 0, 'a way to a form');
    await page.goto(`${base}/workplace/geraete/neu/`);
    await page.getByText('Ihre Rolle darf lesen').waitFor({ timeout: 20_000 });
    check((await page.locator('form').count()) === 0, 'a form');
    await checkPage(page);
    await page.context().close();
  });

  test('a list of devices shows every mistake before anything is stored', async (browser) => {
    const page = await open(browser, '/workplace/geraete/import/', { ...calm, storageState: signedIn });
    const rows = [...Array(499).keys()].map(
      (index) => `70b3d57ba1${index.toString(16).padStart(6, '0')},Sensor ${index},milesight-am107`
    );
    const csv = ['dev_eui,name,profile', ...rows, 'kein-eui,Falsch,milesight-am107'].join('\r\n');
    await page.locator('#file').setInputFiles({ name: 'geraete.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.getByText('1 Zeile mit Fehlern').waitFor({ timeout: 20_000 });
    check((await page.locator('tbody tr').count()) === 1, 'the bad row does not stand out');
    const excel = Buffer.from('dev_eui;name;profile\r\n70b3d57ba2000000;Möllerbrücke;milesight-am107\r\n', 'latin1');
    await page.locator('#file').setInputFiles({ name: 'excel.csv', mimeType: 'text/csv', buffer: excel });
    await page.getByText('sie wurde als windows-1252 gelesen').waitFor({ timeout: 20_000 });
    check(await page.getByRole('cell', { name: 'Möllerbrücke' }).count(), 'the umlauts are gone');
    await checkPage(page);
    await page.context().close();
  });

  for (const size of [wide, phone]) {
    for (const language of ['', '/en']) {
      for (const path of staff_pages) {
        test(`${language}${path} is accessible at a width of ${size.width}`, async (browser) => {
          const page = await open(browser, language + path, { ...calm, viewport: size, storageState: signedIn });
          await page.locator('.content h1').waitFor({ timeout: 20_000 });
          await settled(page);
          await checkPage(page);
          await page.context().close();
        });
      }
    }
  }

  test('a device shows its health, mounts, calibration and messages, accessibly', async (browser) => {
    const page = await open(browser, '/workplace/geraete/', { ...calm, storageState: signedIn });
    await page.locator('tbody a').first().click();
    await page.locator('#uplinks').waitFor({ timeout: 20_000 });
    await settled(page);
    await checkPage(page);
    await page.context().close();
  });
}

const only = env.ONLY ? new RegExp(env.ONLY) : /./;
const browser = await launch(withGl);
let passed = 0;
let failed = 0;
for (const { sentence, run } of tests) {
  if (!only.test(sentence)) continue;
  try {
    await run(browser);
    passed += 1;
    console.log(`ok   ${sentence}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${sentence}\n     ${String(error.message).replaceAll('\n', '\n     ')}`);
  }
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
exit(failed ? 1 : 0);
