import { expect, test } from "vitest";
import type { Site } from "./site.ts";
import { pause, picture, run, setSpeed, step, until } from "./steps.ts";

/* Optimizers side by side. */

export function defineRace(site: () => Site): void {
  test("every lesson begins, and its runners move on from the same weights", async () => {
    const { page, errors } = await site().visit("tab=race");
    await page.waitForSelector("[data-lesson]");
    const names = await page
      .locator("[data-lesson]")
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.lesson!));
    expect(names).toEqual(["decay", "centered", "start", "sparse", "family"]);
    for (const name of names) {
      await page.click(`[data-lesson=${name}]`);
      await pause(page);
      await page.click("[data-action=reset]");
      await page.waitForFunction(() => {
        const losses = [...document.querySelectorAll("[data-value=lane-train]")].map((each) => each.textContent);
        return losses.length >= 2 && losses[0] !== "–" && new Set(losses).size === 1;
      });
      await setSpeed(page, name === "start" ? "60 steps/s" : "300 steps/s");
      await run(page);
      await until(page, "step", (value) => value > (name === "start" ? 12 : 150));
      await pause(page);
      const losses = await page.locator("[data-value=lane-train]").allTextContents();
      expect(new Set(losses).size).toBe(losses.length);
      await picture(page, `race-${name}`);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  test("runners are added, changed and removed", async () => {
    const { page, errors } = await site().visit("tab=race");
    await page.getByRole("button", { name: "Add a runner" }).click();
    expect(await page.locator(".lane").count()).toBe(4);
    await page.getByRole("button", { name: "Remove runner B" }).click();
    expect(await page.locator(".lane").count()).toBe(3);
    await page.locator(".lane").first().getByRole("combobox", { name: "Optimizer" }).selectOption({ label: "Adagrad" });
    await step(page, 1);
    await page.waitForURL(/runner=adagrad/);
    expect(errors).toEqual([]);
    await page.close();
  });
}
