import { join } from "node:path";
import type { Page } from "playwright-core";
import { artifacts } from "./site.ts";

/* What is done with the page again and again, and waited for. */

/** The number in a part of the page. */
export async function read(page: Page, name: string): Promise<number> {
  const text = (await page.textContent(`[data-value="${name}"]`)) ?? "";
  return Number(text.replace(/,/g, "").replace("−", "-").replace(" %", ""));
}

/** Waits until a number of the page is as wanted. */
export async function until(
  page: Page,
  name: string,
  wanted: (value: number) => boolean,
  seconds = 30,
): Promise<number> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const value = await read(page, name);
    if (wanted(value)) return value;
    if (Date.now() > end) throw new Error(`${name} is ${value} after ${seconds} s`);
    await page.waitForTimeout(15);
  }
}

/** Starts the training. */
export async function run(page: Page): Promise<void> {
  await page.locator("[data-action=run]", { hasText: "Run" }).click();
}

/** Stops the training, and waits until the worker has said where. The step is the answer. */
export async function pause(page: Page): Promise<number> {
  await page.locator("[data-action=run]", { hasText: "Pause" }).click();
  await page.waitForSelector("[data-running=false]");
  return read(page, "step");
}

/** Trains up to a step at least. */
export async function runTo(page: Page, least: number): Promise<void> {
  await run(page);
  await until(page, "step", (value) => value >= least);
  await pause(page);
}

/** Makes one step, to this one. */
export async function step(page: Page, to: number): Promise<void> {
  await page.click("[data-action=step]");
  await until(page, "step", (value) => value === to);
}

/** Chooses a dataset, and waits for its first picture. */
export async function chooseData(page: Page, title: string): Promise<void> {
  await page.getByRole("radio", { name: title }).check({ force: true });
  await until(page, "step", (value) => value === 0);
}

export async function setSpeed(page: Page, label: string): Promise<void> {
  await page.getByLabel("Speed").selectOption({ label });
}

/** Takes a picture of the page. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage });
}
