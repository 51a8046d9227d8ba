import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { longestTask, type Site } from "./site.ts";
import { chooseData, pause, picture, read, run, runTo, setSpeed, step, until } from "./steps.ts";

/* Load, train, pause, step, reset, change the optimizer; the speed, and the frames meanwhile. */

/** What the browser's clock says about frames while something runs. */
interface Frames {
  readonly perSecond: number;
  /** Between two animation frames, whatever the machine was busy with. */
  readonly longestGap: number;
  /** The longest that the page's own code ran in one frame. */
  readonly longestBlock: number;
  /** What the browser lists as long tasks, from 50 ms on. */
  readonly longTasks: readonly number[];
}

/** Watches the page for a while: everything that it does in answer to its worker happens in animation frames. */
function watchFrames(page: Page, milliseconds: number): Promise<Frames> {
  return page.evaluate(
    (span) =>
      new Promise<Frames>((resolve) => {
        const longTasks: number[] = [];
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) longTasks.push(Math.round(entry.duration));
        });
        observer.observe({ type: "longtask" });
        const request = window.requestAnimationFrame.bind(window);
        let longestBlock = 0;
        window.requestAnimationFrame = (draw) =>
          request((time) => {
            const began = performance.now();
            draw(time);
            longestBlock = Math.max(longestBlock, performance.now() - began);
          });
        const begin = performance.now();
        let [last, longestGap, frames] = [begin, 0, 0];
        const frame = (): void => {
          const now = performance.now();
          longestGap = Math.max(longestGap, now - last);
          last = now;
          frames++;
          if (now - begin < span) {
            request(frame);
            return;
          }
          window.requestAnimationFrame = request;
          observer.disconnect();
          resolve({ perSecond: (1000 * frames) / (now - begin), longestGap, longestBlock, longTasks });
        };
        request(frame);
      }),
    milliseconds,
  );
}

/** What a page or its worker may not do: make code of text, and fetch. The names of those that were refused. */
async function tryWhatIsForbidden(): Promise<string[]> {
  const tries: Record<string, () => unknown> = {
    eval: () => new Function("return 1")(),
    fetch: () => fetch("/"),
  };
  const refused: string[] = [];
  // The first turn belongs to whoever drives the browser, and may do anything.
  await new Promise((resolve) => setTimeout(resolve, 10));
  for (const [name, attempt] of Object.entries(tries)) {
    try {
      await attempt();
    } catch {
      refused.push(name);
    }
  }
  return refused;
}

export function defineTraining(site: () => Site): void {
  test("the page loads, shows a network, and trains it when told to; nothing leaves it", async () => {
    const { page, errors, strays } = await site().visit();
    expect(await page.title()).toBe("gradtape playground");
    await until(page, "train-loss", (loss) => loss > 0);
    expect(await read(page, "step")).toBe(0);
    await run(page);
    await until(page, "test-loss", (loss) => loss < 0.1);
    await pause(page);
    expect(errors).toEqual([]);
    expect(strays).toEqual([]);
    expect(await page.evaluate(tryWhatIsForbidden)).toEqual(["eval", "fetch"]);
    expect(page.workers()).toHaveLength(1);
    expect(await page.workers()[0]!.evaluate(tryWhatIsForbidden)).toEqual(["eval", "fetch"]);
    await page.close();
  });

  test("spirals are learned to a test loss below 0.05", async () => {
    const { page, errors } = await site().visit();
    await chooseData(page, "Spirals");
    await setSpeed(page, "as fast as it goes");
    await run(page);
    await until(page, "test-loss", (loss) => loss < 0.05);
    await pause(page);
    await picture(page, "train-spirals");
    expect(errors).toEqual([]);
    await page.close();
  });

  test("pause, step, reset, another optimizer, a number changed while it runs", async () => {
    const { page, errors } = await site().visit();
    await run(page);
    await until(page, "step", (value) => value > 5);
    const paused = await pause(page);
    await step(page, paused + 1);
    await page.getByLabel("learning rate", { exact: true }).fill("0.02");
    await page.keyboard.press("Enter");
    await step(page, paused + 2);
    await page.getByRole("combobox", { name: "Optimizer" }).selectOption({ label: "Adam" });
    await until(page, "step", (value) => value === 0);
    expect(await page.getByLabel("beta1", { exact: true }).inputValue()).toBe("0.9");
    await step(page, 1);
    await page.click("[data-action=reset]");
    await until(page, "step", (value) => value === 0);
    await page.waitForURL(/optimizer=adam/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("every optimizer", async () => {
    const { page, errors } = await site().visit();
    await setSpeed(page, "as fast as it goes");
    const before = await until(page, "train-loss", (loss) => loss > 0);
    const choice = page.getByRole("combobox", { name: "Optimizer" });
    const names = await choice.locator("option").allTextContents();
    expect(names).toHaveLength(9);
    for (const label of names) {
      await choice.selectOption({ label });
      await page.click("[data-action=reset]");
      await until(page, "step", (value) => value === 0);
      await runTo(page, 500);
      expect(await read(page, "train-loss"), label).toBeLessThan(before);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  test("training never blocks a frame", async () => {
    const { page } = await site().visit();
    await setSpeed(page, "as fast as it goes");
    await run(page);
    // By then the engine has compiled what runs often.
    await until(page, "step", (value) => value > 20_000);
    let frames!: Frames;
    const look = () =>
      longestTask(page, async () => {
        frames = await watchFrames(page, 1500);
      });
    // Waiting for a processor that others use counts as work in the browser: of three looks the calmest tells.
    let { wall, own } = await look();
    for (let i = 0; i < 2 && own > 16; i++) ({ wall, own } = await look());
    const speed = await read(page, "speed");
    console.log(
      `default network: ${speed} steps/s; ${frames.perSecond.toFixed(1)} frames/s, longest gap ` +
        `${frames.longestGap.toFixed(1)} ms, longest run of the page's code ${frames.longestBlock.toFixed(1)} ms, long tasks ` +
        `[${frames.longTasks.join(", ")}]; longest task of the page's thread ${own.toFixed(1)} ms of the processor, ` +
        `${wall.toFixed(1)} ms by the clock`,
    );
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThan(16);
    await page.close();
  });
}
