import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { longestTask, type Site } from "./site.ts";
import { pause, picture, run, runTo, until } from "./steps.ts";

/* Points that are painted, and files that are dropped. */

async function stroke(
  page: Page,
  label: string,
  from: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  await page.getByRole("radio", { name: label }).check({ force: true });
  const box = (await page.locator(".paint").boundingBox())!;
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 20 });
  await page.mouse.up();
}

/** Makes a file in the page, so that large ones need not travel; the answer drops it. */
async function makeFile(page: Page, name: string, text: string, repeat = 1): Promise<() => Promise<void>> {
  const file = await page.evaluateHandle(
    ([title, content, times]) => new File([content.repeat(times)], title, { type: "text/csv" }),
    [name, text, repeat] as const,
  );
  return () =>
    page.evaluate((dropped) => {
      const data = new DataTransfer();
      data.items.add(dropped);
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    }, file);
}

const drop = async (page: Page, name: string, text: string) => (await makeFile(page, name, text))();

const species = ["setosa", "versicolor", "virginica"];
const flowers = `length,width,species\n${Array.from({ length: 60 }, (_, i) => {
  const kind = i % 3;
  return `${(4 + kind + Math.sin(i) / 2).toFixed(2)},${(1 + 2 * kind + Math.cos(3 * i) / 2).toFixed(2)},${species[kind]}`;
}).join("\n")}\n`;

export function defineOwnPoints(site: () => Site): void {
  test("points are painted with the mouse and with the keyboard, and learned", async () => {
    const { page, errors } = await site().visit();
    await page.getByRole("radio", { name: "Your own" }).check({ force: true });
    await page.getByText("There are no points yet").waitFor();
    await stroke(page, "Class 0", [0.15, 0.2], [0.8, 0.15]);
    await page.getByText("All points are of one class").waitFor();
    await stroke(page, "Class 1", [0.2, 0.7], [0.85, 0.8]);
    await page.locator(".paint").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Space");
    await run(page);
    await until(page, "train-loss", (loss) => loss < 0.1);
    await pause(page);
    await picture(page, "own-painted");
    const painted = Number((await page.textContent(".own .about"))!.match(/\d+/)![0]);
    expect(painted).toBeGreaterThan(20);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await page.textContent(".own .about")).toContain(`${painted - 1} points`);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a CSV file is dropped, learned, and read by other columns; files that cannot be used are told, and nothing is lost", async () => {
    const { page, errors } = await site().visit();
    await drop(page, "flowers.csv", flowers);
    await page.getByText("0 setosa, 1 versicolor, 2 virginica").waitFor();
    expect(await page.getByRole("list", { name: "Classes" }).getByRole("listitem").allTextContents()).toEqual(species);
    expect(await page.getByRole("radio", { name: "versicolor" }).count()).toBe(1);
    expect(await page.getByRole("img", { name: "Output for virginica" }).count()).toBe(1);
    await run(page);
    await until(page, "train-loss", (loss) => loss < 0.1);
    await pause(page);
    await picture(page, "own-csv");
    await page.getByLabel("Across").selectOption("width");
    await page.getByText("“width” and “width” span the plane").waitFor();
    await page.getByLabel("Across").selectOption("length");
    await runTo(page, 10);
    const before = await page.textContent(".own .about");
    const cases: [string, string, RegExp][] = [
      ["one.csv", "x,y,class\n1,2,a\n2,3,a\n3,4,a\n4,5,a\n", /one.csv: All points are of one class/],
      ["words.csv", "name,kind\nana,a\nbob,b\n", /two columns of numbers are needed/],
      ["gaps.csv", "x,y,class\n1,,a\n,3,b\nn/a,4,a\n4,5,b\n", /only 1 of 4 rows can be used, at least 4 are needed/],
      ["empty.csv", "", /empty.csv is empty/],
    ];
    for (const [name, text, message] of cases) {
      await drop(page, name, text);
      await page.getByText(message).waitFor();
      expect(await page.textContent(".own .about")).toBe(before);
    }
    await picture(page, "bad-csv");
    await drop(
      page,
      "many.csv",
      `x,y,size,name\n${Array.from({ length: 20 }, (_, i) => `${i % 7},${i},${i * i},n${i}`).join("\n")}`,
    );
    await page.getByLabel("Class or number").selectOption("name");
    await page.getByText(/“name” holds 20 different words/).waitFor();
    await page.getByLabel("Class or number").selectOption("size");
    await page
      .getByText(/“size” is the number to be learned/)
      .first()
      .waitFor();
    await drop(page, "some-gaps.csv", "x,y,class\n1,1,a\n2,,b\n3,n/a,a\n4,5,b\n5,1,a\n6,2,b\n7,3,\n");
    await page
      .getByText(/3 of 7 rows have gaps \(row 3, “y”: empty; row 4, “y”: “n\/a”; row 8, “class”: empty\)/)
      .waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a million rows are read without holding the page up", async () => {
    const { page, errors } = await site().visit();
    await run(page);
    const dropMillion = await makeFile(page, "million.csv", "1.5,2.5,a\n-3.25,1,b\n0.5,-2,a\n2,2.75,b\n", 250_000);
    const { wall, own } = await longestTask(page, async () => {
      await dropMillion();
      await page.getByText(/million.csv: 2,000 of 1,000,000 rows, evenly drawn/).waitFor();
    });
    console.log(
      `a million rows: longest task ${own.toFixed(1)} ms of the processor, ${wall.toFixed(1)} ms by the clock`,
    );
    expect(own).toBeLessThan(50);
    expect(errors).toEqual([]);
    await page.close();
  });
}
