import { expect, test } from "vitest";
import type { Site } from "./site.ts";
import { picture, read, run, runTo, step, until } from "./steps.ts";

/* What goes wrong is said, and nothing is lost. */

export function defineBadInput(site: () => Site): void {
  test("a learning rate that is too high: which op, which step, and the way back", async () => {
    const { page, errors } = await site().visit(
      "data=plane&loss=squared&activation=linear&optimizer=sgd:learningRate=0.03",
    );
    await run(page);
    await until(page, "step", (value) => value > 210);
    await page.getByRole("textbox", { name: "learning rate" }).fill("1000");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    await alert.getByText(/The numbers ran away in step \d+/).waitFor();
    expect(await alert.textContent()).toMatch(/checkNumerics: \w+ made/);
    await picture(page, "diverged");
    await page.getByRole("textbox", { name: "learning rate" }).fill("0.01");
    await page.keyboard.press("Enter");
    await alert.getByRole("button", { name: /Back to step \d+/ }).click();
    await until(page, "train-loss", (loss) => loss < 10);
    await runTo(page, 400);
    expect(await read(page, "train-loss")).toBeLessThan(1);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a broken address, a number that does not fit a field: what is wrong is named, the rest is used", async () => {
    const { page, errors } = await site().visit(
      "data=spirals&layers=90,2&noise=lots&optimizer=rmsprop:speed=3&color=red&seed=%E0%A4%A&tab=nowhere",
    );
    await page.getByRole("alert").first().waitFor();
    const said = (await page.getByRole("alert").allTextContents()).join("\n");
    expect(said).toContain("tab is “nowhere”; expected one of train, race, inside.");
    expect(said).toContain("layers is “90,2”; expected at most 6 layers of 1 to 12 neurons, as in 8,8, or none.");
    expect(said).toContain("“color” is no setting of this page.");
    expect(await page.getByRole("radio", { name: "Spirals" }).isChecked()).toBe(true);
    await picture(page, "broken-address");
    await page.evaluate(() => {
      location.hash = "data=spirals&seed=7&batch=0";
    });
    await page.getByText(/batch is “0”; expected a whole number from 1 to 256/).waitFor();
    expect(await page.getByRole("textbox", { name: "Seed" }).inputValue()).toBe("7");
    expect(await page.getByRole("textbox", { name: "Batch size" }).inputValue()).toBe("16");
    const field = page.getByRole("textbox", { name: "Batch size" });
    await field.fill("1.5");
    await page.keyboard.press("Enter");
    await page.getByText("A whole number from 1 to 256; it stays 16.").waitFor();
    expect(await field.inputValue()).toBe("16");
    expect(errors).toEqual([]);
    await page.close();
  });

  test("without WebAssembly's vectors the page says so, and trains", async () => {
    const { page } = await site().visit("", {
      route: (page) =>
        page.route(/training\.worker/, async (route) => {
          const response = await route.fetch();
          const body = `WebAssembly.validate = () => false;\n${await response.text()}`;
          await route.fulfill({ response, body });
        }),
    });
    await page.getByText(/no WebAssembly SIMD/).waitFor();
    await step(page, 1);
    await page.close();
  });
}
