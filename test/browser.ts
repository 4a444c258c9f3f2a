import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { CHROMIUM } from './lanes.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--enable-unsafe-swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs `work` with a headless Chromium that has a profile of its own, and closes it. */
export async function withBrowser<T>(work: (browser: BrowserContext) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'nnp-chromium-'));
  const found = spawnSync('which', [CHROMIUM], { encoding: 'utf8' }).stdout.trim();
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: found,
    headless: true,
    args: FLAGS,
    timeout: 60_000,
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
