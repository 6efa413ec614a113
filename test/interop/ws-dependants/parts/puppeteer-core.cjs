// Chromium's DevTools protocol: a page, a script in it, a screenshot.
const { existsSync } = require('node:fs');
const puppeteer = require('puppeteer-core');

const executablePath = '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log('SKIP: no Chromium');
  process.exit();
}
(async () => {
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], timeout: 60_000 });
  const page = await browser.newPage();
  await page.setContent('<h1>Hello</h1>');
  console.log(await page.evaluate(() => document.querySelector('h1').textContent + 'x'.repeat(3)));
  console.log((await page.screenshot()).length > 1000);
  await browser.close();
})();
