import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as gt from "gradtape";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { artifacts, type Site } from "./site.ts";
import { chooseData, picture, read, run, runTo, setSpeed, step, until } from "./steps.ts";

/* The program, the link and the weights that users take with them. */

const folder = join(artifacts, "programs");
const execute = promisify(execFile);

interface Taken {
  /** What the page says that the program prints. */
  readonly promised: string;
  readonly text: string;
  /** What it prints. */
  readonly printed: Promise<string>;
}

/** Copies the program from the page, and lets Node begin with it. */
async function takeHome(page: Page, name: string): Promise<Taken> {
  await page.click("[data-action=code]");
  await page.waitForSelector("[data-running=false]");
  await page.click("[data-action=copy-code]");
  await page.getByText("Copied.").waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const promised = (await page.textContent('[data-value="code-result"]'))!;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `page-${name}.mjs`);
  writeFileSync(file, text);
  const printed = execute(process.execPath, [file]).then(({ stdout }) => stdout.trim());
  return { promised, text, printed };
}

export function defineTakingHome(site: () => Site): void {
  test("the programs of six presets end in Node with the numbers of the page", async () => {
    const { page, errors } = await site().visit();
    await setSpeed(page, "1,000 steps/s");
    const taken: Taken[] = [];
    for (const title of ["Circle", "Xor", "Spirals", "Hills", "Words", "Digits"]) {
      await chooseData(page, title);
      await runTo(page, 150);
      taken.push(await takeHome(page, title.toLowerCase()));
      if (title === "Spirals") await picture(page, "take-home", false);
      await page.keyboard.press("Escape");
    }
    for (const { promised, printed } of taken) {
      expect(promised).toMatch(/^step \d{3,}: training loss [\d.e-]+, test loss [\d.e-]+$/);
      expect(await printed).toBe(promised);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a number of the optimizer that was changed on the way is in the program; the weights are safetensors", async () => {
    const { page } = await site().visit("optimizer=momentum");
    await run(page);
    await until(page, "step", (value) => value > 60);
    await page.getByRole("textbox", { name: "learning rate" }).fill("0.005");
    await page.keyboard.press("Enter");
    await until(page, "step", (value) => value > 120);
    const { printed, promised, text } = await takeHome(page, "changed");
    expect(text).toMatch(/if \(step === \d+\) optimizer.learningRate = 0.005;/);
    expect(await printed).toBe(promised);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-action=weights]")]);
    const bytes = readFileSync((await download.path())!);
    const { tensors, metadata } = gt.loadSafetensors(new Uint8Array(bytes));
    expect(tensors["dense1/kernel"]!.shape).toEqual([2, 6]);
    expect(metadata.data).toBe("circle");
    await page.close();
  });

  test("the address holds the settings: a page opened with it has the same numbers", async () => {
    const { page } = await site().visit();
    await chooseData(page, "Hills");
    await page.getByRole("button", { name: "Input xy" }).click();
    await page.getByRole("combobox", { name: "Optimizer" }).selectOption({ label: "FTRL-Proximal" });
    await page.getByRole("button", { name: "Layer 1: one neuron less" }).click();
    await step(page, 1);
    const loss = await read(page, "train-loss");
    await page.waitForURL(/data=hills.*layers=7,6.*optimizer=ftrl/);
    const other = await site().visit(new URL(page.url()).hash.slice(1));
    await step(other.page, 1);
    expect(await read(other.page, "train-loss")).toBe(loss);
    await other.page.close();
    await page.close();
  });
}
