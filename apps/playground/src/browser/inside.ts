import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "./access.ts";
import type { Site } from "./site.ts";
import { picture, until } from "./steps.ts";

/* One step in slow motion, and programs of the user. */

const now = (page: Page) => page.textContent(".look-now b");

/** Goes forward until the moment is the wanted one. */
async function goUntil(page: Page, wanted: RegExp): Promise<void> {
  await page.locator(".look-graph").focus();
  for (let i = 0; i < 200 && !wanted.test((await now(page)) ?? ""); i++) await page.keyboard.press("ArrowRight");
  expect(await now(page)).toMatch(wanted);
}

async function open(site: Site, hash: string) {
  const visit = await site.visit(hash);
  await visit.page.waitForSelector(".look-node");
  return visit;
}

/** Writes a program and runs it. */
async function runProgram(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Program" }).fill(text);
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => {
    const button = document.querySelector<HTMLButtonElement>("[data-action=run-program]");
    return button !== null && !button.disabled;
  });
}

const problem = (page: Page) => page.textContent('[data-value="problem"]');

export function defineInside(site: () => Site): void {
  test("a step of the run, forward and back", async () => {
    const { page, errors, strays } = await open(site(), "tab=inside");
    const nodes = await page.locator(".look-node").count();
    expect(nodes).toBeGreaterThan(20);
    expect(await page.locator(".look-node.waiting").count()).toBeGreaterThan(10);
    expect(await now(page)).toBe("Before the step");
    await page.click("[data-go=forward]");
    expect(await now(page)).toBe("Forward: matMul");
    expect(await page.locator(".look-edge.flow").count()).toBe(2);
    await picture(page, "inside-forward");
    await goUntil(page, /^The way back begins/);
    expect(await page.locator(".look-node.waiting").count()).toBe(0);
    expect(await page.locator(".look-edge.gradient").count()).toBe(0);
    await goUntil(page, /^Gradients meet at add/);
    expect(await page.locator(".look-lines li").count()).toBeGreaterThan(1);
    await goUntil(page, /^Backward: the derivative of tanh/);
    await page.waitForTimeout(500);
    await picture(page, "inside-backward");
    const there = await page.locator(".look-edge.gradient").count();
    await page.click("[data-go=back]");
    expect(await page.locator(".look-edge.gradient").count()).toBeLessThan(there);
    await page.locator(".look-graph").focus();
    await page.keyboard.press("End");
    expect(await now(page)).toBe("Update of dense3/bias");
    expect(await page.locator(".look-node.updated").count()).toBe(6);
    await page.keyboard.press("Home");
    expect(await now(page)).toBe("Before the step");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    expect(await now(page)).toBe("Forward: matMul");
    await page.click("[data-go=play]");
    await page.waitForFunction(
      () => Number(document.querySelector('[data-value="moment"]')!.textContent!.split(" ")[0]) > 2,
    );
    await page.click("[data-go=play]");
    expect(errors).toEqual([]);
    expect(strays).toEqual([]);
    await page.close();
  });

  test("the step that is shown is the one that the page makes next", async () => {
    const { page, errors } = await site().visit("optimizer=sgd:learningRate=0.5");
    for (let step = 1; step <= 3; step++) {
      await page.click("[data-action=step]");
      await until(page, "step", (present) => present === step);
    }
    await page.getByRole("tab", { name: "Look inside" }).click();
    await page.waitForSelector(".look-node");
    expect(await page.getByRole("textbox", { name: "Step" }).inputValue()).toBe("4");
    await page.locator(".look-graph").focus();
    await page.keyboard.press("End");
    // The bias of the last layer, before and behind the update.
    const formula = (await page.textContent(".look-formula"))!;
    const [before, gradient, after] = formula.match(/= (\S+) − (\S+) · 0\.5= (\S+)/)!.slice(1, 4) as [
      string,
      string,
      string,
    ];
    // The digits name float32 numbers.
    const value = (text: string) => Math.fround(Number(text.replaceAll("−", "-").replace(/[()]/g, "")));
    expect(Math.fround(value(before) - Math.fround(value(gradient) * 0.5))).toBe(Math.fround(value(after)));
    await page.getByRole("tab", { name: "Train" }).click();
    await page.click("[data-action=step]");
    await until(page, "step", (present) => present === 4);
    await page.getByRole("tab", { name: "Look inside" }).click();
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>(".look-run input")?.value === "5");
    await page.waitForTimeout(100);
    await page.locator(".look-graph").focus();
    await page.keyboard.press("End");
    // What the update gave is what the next step begins with.
    expect(await page.textContent(".look-formula .numbers")).toContain(`= ${after} −`);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("slices are rows, and a formula is filled in", async () => {
    const { page, errors } = await open(site(), "tab=inside&data=words&batch=8&layers=none");
    await goUntil(page, /^Backward: the derivative of gather/);
    expect(await page.locator("[data-node=table][data-slices]").count()).toBe(1);
    expect(await page.locator(".look-slices tbody tr").count()).toBe(8);
    await picture(page, "inside-slices");
    await goUntil(page, /^Update of table/);
    const names = await page.locator(".look-formula dt").allTextContents();
    expect(names).toEqual(["rms′", "momentum′", "variable′"]);
    expect(await page.textContent(".look-formula")).toMatch(/rms′= rms · decay \+ g² · \(1 − decay\)= 1 · 0\.9 \+ /);
    await page.getByLabel("Index along axis 1").fill("0");
    await page.getByRole("button", { name: "Largest gradient" }).click();
    await picture(page, "inside-update");
    await page.hover("[data-node=table]");
    const card = (await page.textContent(".look-card"))!;
    expect(card).toMatch(/tablevariable.*shape\[40, 2\]dtypefloat32range.*mean.*Gradient.*IndexedSlices: 8 rows/);
    expect(await page.locator(".look-card svg[role=img]").count()).toBe(2);
    await page.mouse.move(0, 0);
    expect(await page.locator(".look-card").count()).toBe(0);
    await page.locator("[data-node=gather]").focus();
    expect(await page.textContent(".look-card b")).toBe("gather");
    expect(errors).toEqual([]);
    await page.close();
  });

  test("examples run in the editor", async () => {
    const { page, errors, strays } = await open(site(), "tab=inside&look=program");
    expect(await page.textContent(".look-printed")).toMatch(/^loss after the step: 0\.\d+/);
    // The line of the program to which a moment belongs.
    await goUntil(page, /^Forward: tanh/);
    expect(await page.textContent(".look-lines-count .here")).toBe("14\n");
    await goUntil(page, /^Update of w1/);
    expect(await page.textContent(".look-lines-count .here")).toBe("19\n");
    for (const [title, end] of [
      ["Rows of a table", "Update of table"],
      ["A second derivative", "Gradients meet at x"],
      ["A graph", "Update of w"],
    ] as const) {
      await page.getByRole("button", { name: title }).click();
      await page.waitForFunction(
        () => !document.querySelector<HTMLButtonElement>("[data-action=run-program]")!.disabled,
      );
      await page.locator(".look-graph").focus();
      await page.keyboard.press("End");
      expect(await now(page)).toBe(end);
      await page.waitForTimeout(400);
      await picture(page, `inside-${title.split(" ").at(-1)}`);
    }
    expect(errors).toEqual([]);
    expect(strays).toEqual([]);
    await page.close();
  });

  test("a program of one's own: its errors, its line, nothing lost", async () => {
    const { page, errors } = await open(site(), "tab=inside&look=program");
    await runProgram(
      page,
      'import { sum, tensor, Variable, GradientTape } from "gradtape";\ninterface Pair { readonly a: number }\nconst pair: Pair = { a: 2 };\n' +
        'const w = new Variable([pair.a, 3], { name: "mine" });\nconst tape = new GradientTape();\n' +
        "const loss = tape.record(() => sum(w));\nconsole.log(String(tape.gradient(loss, w)));\n",
    );
    expect(await page.textContent(".look-printed")).toBe("[1. 1.]");
    expect(await page.locator("[data-node=mine]").count()).toBe(1);
    const wrong = 'import * as gt from "gradtape";\n\nconst x = gt.tensor([[1, 2]]);\ngt.matMul(x, x);\n';
    await runProgram(page, wrong);
    expect(await problem(page)).toMatch(/^ValueError: matMul: columns of a \(2\) and rows of b \(1\) must agree/);
    expect(await problem(page)).not.toMatch(/https?:|blob:/);
    expect(await page.textContent(".look-lines-count .wrong")).toBe("4\n");
    await picture(page, "inside-error");
    await runProgram(page, "const a = 1;\nconst b = (a;\n");
    expect(await page.textContent(".look-problem")).toMatch(/^Line 2Unexpected token/);
    await runProgram(page, "const a = 1;\nconst a = 2;\n");
    expect(await problem(page)).toMatch(/already been declared|no JavaScript/);
    await runProgram(page, 'import { readFile } from "node:fs";\nreadFile("x");\n');
    expect(await problem(page)).toMatch(/there is no module "node:fs" here/);
    await runProgram(page, wrong);
    await page.getByRole("tab", { name: "Race" }).click();
    await page.getByRole("tab", { name: "Look inside" }).click();
    expect(await page.getByRole("textbox", { name: "Program" }).inputValue()).toBe(wrong);
    expect(await problem(page)).toMatch(/^ValueError/);
    await page.waitForTimeout(400);
    const hash = new URL(page.url()).hash.slice(1);
    await page.getByRole("textbox", { name: "Program" }).fill("");
    expect((await page.getByRole("textbox", { name: "Program" }).inputValue()).trim()).toBe("");
    const other = await site().visit(hash);
    expect(await other.page.getByRole("textbox", { name: "Program" }).inputValue()).toBe(wrong);
    // A program from elsewhere waits until it is told to run.
    await other.page.waitForTimeout(500);
    expect(await other.page.locator(".look-problem").count()).toBe(0);
    await other.page.click("[data-action=run-program]");
    await other.page.waitForSelector(".look-problem");
    await other.page.close();
    expect(errors).toEqual([]);
    await page.close();
  });

  test("an endless loop is stopped, and the page goes on meanwhile", async () => {
    const { page, errors } = await open(site(), "tab=inside&look=program");
    await page.getByRole("textbox", { name: "Program" }).fill("for (;;) {}\n");
    await page.click("[data-action=run-program]");
    await page.waitForTimeout(500);
    await page.getByRole("radio", { name: "A step of the run" }).check({ force: true });
    await page.waitForSelector(".look-node");
    await page.getByRole("radio", { name: "A program of your own" }).check({ force: true });
    await page.waitForSelector(".look-problem");
    expect(await problem(page)).toMatch(/^Stopped: the program had not ended after 5 seconds/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a program can fetch nothing, and turn no text into code", async () => {
    const { page, strays } = await open(site(), "tab=inside&look=program");
    await runProgram(
      page,
      [
        "try { new Function('return 1')(); console.log('evaluated'); } catch { console.log('refused'); }",
        "const request = new XMLHttpRequest();",
        `request.open("GET", ${JSON.stringify(site().url)}, false);`,
        "try { request.send(); console.log('fetched'); } catch { console.log('refused'); }",
      ].join("\n"),
    );
    expect(await page.textContent(".look-printed")).toBe("refused\nrefused");
    expect(strays).toEqual([]);
    await page.close();
  });

  test("where the numbers have run away they are seen; what is wrong with the run is said", async () => {
    const diverged = await open(site(), "tab=inside&data=plane&activation=linear&optimizer=sgd:learningRate=1000");
    await diverged.page.getByRole("textbox", { name: "Step" }).fill("40");
    await diverged.page.keyboard.press("Enter");
    await diverged.page.getByText("Before the step").first().waitFor();
    await goUntil(diverged.page, /^Update of dense1/);
    await diverged.page.waitForFunction(() =>
      /= NaN$/.test(document.querySelector(".look-formula")?.textContent ?? ""),
    );
    expect(diverged.errors).toEqual([]);
    await diverged.page.close();
    const { page, errors } = await site().visit("tab=inside&data=own");
    await page.waitForSelector(".look-run .notice");
    expect(await page.textContent(".look-run .notice")).toMatch(/no points yet/);
    expect(await page.locator(".look-player").count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("axe finds nothing serious, in either scheme", async () => {
    for (const look of ["run", "program"]) {
      const { page, errors } = await open(site(), `tab=inside&look=${look}&data=words&layers=3`);
      for (const moment of [/^Before/, /^Backward: the derivative of/, /^Update/]) {
        await goUntil(page, moment);
        if (/Update/.test(String(moment))) await page.locator(".look-node").first().focus();
        for (const [scheme, rules] of [
          ["light", "all"],
          ["dark", "colours"],
        ] as const) {
          await page.emulateMedia({ colorScheme: scheme });
          expect(await violations(page, rules), `${look} ${scheme} ${moment}`).toEqual([]);
          if (/Update/.test(String(moment))) await picture(page, `${scheme}-inside-${look}`);
        }
      }
      expect(errors).toEqual([]);
      await page.close();
    }
  });

  test("on a phone nothing is wider than the screen", async () => {
    for (const look of ["run", "program"]) {
      const { page, errors } = await open(site(), `tab=inside&look=${look}`);
      await page.setViewportSize({ width: 375, height: 740 });
      await page.locator(".look-graph").focus();
      await page.keyboard.press("End");
      await page.waitForTimeout(600);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), look).toBeLessThanOrEqual(375);
      await picture(page, `phone-inside-${look}`);
      expect(errors).toEqual([]);
      await page.close();
    }
  });
}
