import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Site } from "./site.ts";

/* Hostile programs, and the lines that they printed before they were stopped. */

const open = async (site: Site) => {
  const visit = await site.visit("tab=inside&look=program");
  await visit.page.waitForSelector(".look-node");
  return visit;
};

/** Writes a program, runs it, and waits for its end; the page answers meanwhile. */
async function runProgram(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Program" }).fill(text);
  await page.click("[data-action=run-program]");
  const began = Date.now();
  for (;;) {
    const asked = Date.now();
    const busy = await page.evaluate(
      () => document.querySelector<HTMLButtonElement>("[data-action=run-program]")!.disabled,
    );
    expect(Date.now() - asked).toBeLessThan(3000);
    if (!busy) return;
    expect(Date.now() - began).toBeLessThan(40_000);
    await page.waitForTimeout(50);
  }
}

const printed = (page: Page) => page.textContent(".look-printed");
const problem = (page: Page) => page.textContent('[data-value="problem"]');
const imports = 'import * as gt from "gradtape";\n';

export function defineEditor(site: () => Site): void {
  test("messages without end, forged answers and huge prints reach nothing", async () => {
    const { page, errors } = await open(site());
    await runProgram(page, 'console.log("before");\nfor (;;) postMessage("x".repeat(1000));\n');
    expect(await problem(page)).toMatch(/postMessage is not (a function|defined)/);
    expect(await printed(page)).toBe("before");
    await runProgram(page, 'console.log("x".repeat(4e8));\n');
    expect((await printed(page))!.length).toBeLessThan(3000);
    expect(await printed(page)).toContain("400000000 letters");
    await runProgram(page, "for (;;) console.log('again');\n");
    expect(await problem(page)).toMatch(/^Stopped: the program had not ended after 5 seconds/);
    expect(await printed(page)).toMatch(/^again\nagain\n[\s\S]*… and more$/);
    const forge = `const send = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message) { send.call(this, { type: "done" }); };
Array.isArray = () => true;
dispatchEvent(new MessageEvent("message", { data: { type: "done" } }));
console.log("went on");
`;
    await runProgram(page, forge);
    expect(await printed(page)).toBe("went on");
    expect(await page.locator('[data-value="problem"]').count()).toBe(0);
    await runProgram(page, 'setInterval(() => console.log("tick"), 300);\n');
    expect(await problem(page)).toMatch(/^Stopped after 5 seconds: a timer/);
    expect(await printed(page)).toMatch(/^tick\ntick/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("what comes after await and timers is heard, and recorded", async () => {
    const { page, errors } = await open(site());
    const later = `${imports}const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const w = new gt.Variable([1, 2], { name: "late" });
await wait(50);
setTimeout(() => console.log("timer"), 100);
void (async () => { await null; console.log("promise"); })();
new gt.GradientDescentOptimizer(0.1).minimize(() => gt.sum(gt.square(w)));
console.log("end");
`;
    await runProgram(page, later);
    expect(await printed(page)).toBe("end\npromise\ntimer");
    expect(await page.locator("[data-node=late]").count()).toBe(1);
    await runProgram(page, "console.log(1);\nawait null;\nthrow new TypeError('late');\n");
    expect(await problem(page)).toBe("TypeError: late");
    expect(await page.textContent(".look-lines-count .wrong")).toBe("3\n");
    expect(await printed(page)).toBe("1");
    await runProgram(page, "setTimeout(() => { throw new Error('in a timer'); }, 20);\n");
    expect(await problem(page)).toMatch(/in a timer/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a gradient that is null is explained; a compiled step is explained", async () => {
    const { page, errors } = await open(site());
    const lost = `${imports}const [x, y] = [new gt.Variable(2, { name: "x" }), new gt.Variable(3, { name: "y" })];
const tape = new gt.GradientTape();
const loss = tape.record(() => gt.square(y));
console.log(tape.gradient(loss, x));
`;
    await runProgram(page, lost);
    expect(await printed(page)).toBe("null");
    expect(await page.textContent('[data-value="told"]')).toMatch(/x/);
    const step = `${imports}const w = new gt.Variable([1, 2]);
const step = gt.compile((x) => gt.sum(gt.mul(x, w)), { name: "step" });
step(gt.tensor([1, 2]));
console.log(step.explain().split("\\n")[0]);
`;
    await runProgram(page, step);
    expect(await printed(page)).toMatch(/^step: \d+ operations/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("an example keeps the program that was being written; a long program is not cut", async () => {
    const { page, errors } = await open(site());
    const mine = `// ${"long ".repeat(5000)}\nconsole.log("mine");\n`;
    await runProgram(page, mine);
    expect(await printed(page)).toBe("mine");
    await page.getByText(/a link holds at most 20,000/).waitFor();
    await page.getByRole("button", { name: "A graph" }).click();
    await page.getByRole("button", { name: "Your program" }).click();
    expect(await page.getByRole("textbox", { name: "Program" }).inputValue()).toBe(mine);
    expect(errors).toEqual([]);
    await page.close();
  });
}
