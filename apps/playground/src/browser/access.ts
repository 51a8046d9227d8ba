import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Site } from "./site.ts";
import { picture, runTo, until } from "./steps.ts";

/* For everybody: axe, the keyboard, both schemes, a phone. */

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is looked at, each by its name and its address. */
const parts = [
  ["train", ""],
  ["race", "tab=race"],
  ["own", "data=own"],
  ["digits", "data=digits"],
] as const;

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe finds serious, by all of its rules or by the one about colours. */
export async function violations(page: Page, rules: "all" | "colours"): Promise<string[]> {
  const some = rules === "all" ? {} : { runOnly: ["color-contrast"] };
  const options = JSON.stringify({ resultTypes: ["violations"], ...some });
  const found = await page.evaluate(`(() => { ${axe}; return axe.run(document, ${options}); })()`);
  return (found as { violations: Violation[] }).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
}

/** Canvases that have other pixels than the screen. */
function blurred(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLCanvasElement>(
        ".surface canvas:last-child, .slot canvas, .lines canvas, .chart canvas",
      ),
    ]
      .filter((canvas) => Math.abs(canvas.width - canvas.clientWidth * devicePixelRatio) > 1)
      .map((canvas) => `${canvas.parentElement!.className}: ${canvas.width} pixels on ${canvas.clientWidth}`),
  );
}

/** Changes the address of the page, and waits until it is followed. */
async function turnTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((text) => {
    location.hash = text;
  }, hash);
  const tab = hash === "tab=race" ? "race" : "train";
  await page.waitForSelector(`#tab-${tab}[aria-selected=true]`);
  if (hash === "data=own") await page.waitForSelector(".own");
  else await until(page, "step", (value) => value === 0);
}

export function defineAccess(site: () => Site): void {
  test("axe finds nothing serious, in either scheme", async () => {
    const { page, errors } = await site().visit();
    /** Both schemes have the same elements: in the second one only their colours are looked at. */
    const look = async (name: string, fullPage = true) => {
      for (const [scheme, rules] of [
        ["light", "all"],
        ["dark", "colours"],
      ] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await picture(page, `${scheme}-${name}`, fullPage);
        expect(await violations(page, rules), `${scheme} ${name}`).toEqual([]);
      }
      expect(await blurred(page), name).toEqual([]);
      expect(errors).toEqual([]);
    };
    for (const [name, hash] of parts) {
      await turnTo(page, hash);
      if (name !== "own") await runTo(page, 100);
      await look(name);
    }
    await turnTo(page, "");
    await page.click("[data-action=code]");
    await page.waitForFunction(() => document.querySelector(".code code")!.textContent!.includes("console.log"));
    await look("code", false);
    await page.close();
  });

  test("the keyboard reaches everything, and the focus is seen", async () => {
    const { page } = await site().visit();
    await until(page, "train-loss", (loss) => loss > 0);
    const seen: string[] = [];
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const now = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body) return null;
        const styles = [element, element.parentElement!].map((each) => getComputedStyle(each).outlineStyle);
        const name = element.getAttribute("aria-label") ?? element.textContent ?? "";
        const label =
          element.id === "" ? "" : (document.querySelector(`label[for="${element.id}"]`)?.textContent ?? "");
        return {
          name: name.trim() || label || element.getAttribute("value") || element.tagName,
          outlined: styles.some((style) => style !== "none"),
        };
      });
      if (now === null) break;
      expect(now.outlined, now.name).toBe(true);
      seen.push(now.name);
    }
    for (const name of [
      "Run",
      "Step",
      "Input x²",
      "Layer 1, neuron 1: show its picture",
      "Show the code",
      "learning rate",
    ]) {
      expect(seen).toContain(name);
    }
    await page.getByRole("tab", { name: "Train" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { name: "Race" }).getAttribute("aria-selected")).toBe("true");
    await page.close();
  });

  test("on a phone nothing is wider than the screen", async () => {
    const { page, errors } = await site().visit();
    await page.setViewportSize({ width: 375, height: 740 });
    for (const [name, hash] of parts) {
      await turnTo(page, hash);
      if (name !== "own") await runTo(page, 100);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(375);
      await picture(page, `phone-${name}`);
    }
    expect(errors).toEqual([]);
    await page.close();
  });
}
