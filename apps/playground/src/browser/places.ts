import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Site } from "./site.ts";
import { step, until } from "./steps.ts";

/* The library and the page in other places: without a bundler, under other policies, in a frame, without a network. */

const packages = fileURLToPath(new URL("../../../../packages", import.meta.url));
const names = ["autograd", "checkpoint", "graph", "optimizers", "tensor"];

/** The built files as they are, found by an import map; fflate is the only one from elsewhere. */
const imports = {
  gradtape: "/gradtape/dist/index.js",
  ...Object.fromEntries(names.map((name) => [`@gradtape/${name}`, `/${name}/dist/index.js`])),
  fflate: "/tensor/node_modules/fflate/esm/browser.js",
};

const program = `import * as gt from "gradtape";
const said = (run) => { try { return run(); } catch (error) { return error.name + ": " + error.message; } };
const w = new gt.Variable([[1, 2], [3, 4]]);
const step = gt.compile((x) => gt.sum(gt.matMul(x, w)));
document.body.textContent = JSON.stringify({
  backend: gt.backendInfo().description,
  element: gt.transpose(gt.tensor([[1, 2], [3, 4]])).ndarray().get(0, 1),
  sum: step.item([[1, 1]]),
  threads: said(() => gt.setThreads(2)),
});`;

const page = (policy: string) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
${policy === "" ? "" : `<meta http-equiv="Content-Security-Policy" content="${policy}">`}
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">${program}</script><body></body>`;

const pages: Readonly<Record<string, string>> = {
  "/": page(""),
  "/strict": page("default-src 'self'; script-src 'self' 'unsafe-inline'"),
};

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const framed = searchParams.get("frame");
    if (framed !== null) {
      response.setHeader("Content-Type", "text/html");
      response.end(`<iframe sandbox="allow-scripts" src="${framed}" width="900" height="700"></iframe>`);
      return;
    }
    const html = pages[path];
    // A page that may share memory, and yet starts no thread.
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Content-Type", html === undefined ? "text/javascript" : "text/html");
    try {
      response.end(html ?? readFileSync(join(packages, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}

export function definePlaces(site: () => Site): void {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = await serve();
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server?.close());

  test("plain files and an import map are enough; threads are refused, and the page goes on", async () => {
    const { page, errors } = await site().visit();
    for (const [path, backend] of [
      ["/", /^WebAssembly SIMD/],
      ["/strict", /^JavaScript$/],
    ] as const) {
      await page.goto(url + path);
      await page.waitForFunction(() => document.body.textContent !== "");
      const told = JSON.parse((await page.textContent("body"))!);
      expect(told).toMatchObject({ element: 3, sum: 10 });
      expect(told.backend, path).toMatch(backend);
      expect(told.threads).toMatch(/^RuntimeError: setThreads: a browser computes with one thread/);
    }
    expect(errors.filter((text) => !/WebAssembly|unsafe-eval|Content Security/.test(text))).toEqual([]);
    await page.close();
  });

  test("under a policy that forbids WebAssembly the page says so, and trains", async () => {
    const { page } = await site().visit("layers=2&count=20", {
      route: (page) =>
        page.route(/localhost:\d+\/($|assets)/, async (route) => {
          const response = await route.fetch();
          const policy = response.headers()["content-security-policy"]!.replace(" 'wasm-unsafe-eval'", "");
          const body = (await response.text()).replace(" 'wasm-unsafe-eval'", "");
          await route.fulfill({
            response,
            body,
            headers: { ...response.headers(), "content-security-policy": policy },
          });
        }),
    });
    await page.getByText(/no WebAssembly SIMD, or it is switched off or forbidden here/).waitFor();
    await step(page, 1);
    await page.close();
  });

  test("in a frame with a sandbox the page says what it lacks", async () => {
    const { page } = await site().visit();
    await page.goto(`${url}/?frame=${site().url}`);
    const frame = page.frameLocator("iframe");
    await frame
      .getByText(/in a frame with a sandbox/)
      .first()
      .waitFor();
    await page.close();
  });

  test("without a network what could not be loaded is said, and nothing old is left under a new title", async () => {
    const { page } = await site().visit();
    await until(page, "train-loss", (loss) => loss > 0);
    await page.context().setOffline(true);
    await page.click("[data-action=code]");
    await page.getByText(/The program could not be written.*offline/).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("radio", { name: "Digits" }).check({ force: true });
    await page.getByText(/images of the digits could not be loaded.*offline/).waitFor();
    expect(await page.textContent('[data-value="train-loss"]')).toBe("–");
    await page.context().setOffline(false);
    await page.close();
  });

  test("going back leads to the part before, with its settings; the speed is in the address", async () => {
    const { page, errors } = await site().visit("seed=7");
    await page.getByLabel("Speed").selectOption({ label: "10 steps/s" });
    await page.getByRole("tab", { name: "Race" }).click();
    await page.getByRole("tab", { name: "Look inside" }).click();
    await page.waitForURL(/tab=inside/);
    await page.goBack();
    await page.waitForSelector("#tab-race[aria-selected=true]");
    await page.goBack();
    await page.waitForSelector("#tab-train[aria-selected=true]");
    expect(await page.getByRole("textbox", { name: "Seed" }).inputValue()).toBe("7");
    await page.goForward();
    await page.waitForURL(/tab=race.*speed=10/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("a long replay shows how far it is, and can be given up", async () => {
    const { page, errors } = await site().visit("tab=inside");
    await page.waitForSelector(".look-node");
    const field = page.getByRole("textbox", { name: "Step" });
    await field.fill("900000");
    await page.keyboard.press("Enter");
    await page.getByText("Training up to step 900,000 again…").waitFor();
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 100);
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.locator("progress").count()).toBe(0);
    expect(await field.inputValue()).toBe("1");
    await field.fill("3");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>(".look-run input")?.value === "3");
    expect(errors).toEqual([]);
    await page.close();
  });

  test("Fit shows all of a graph, also on a tablet", async () => {
    const { page } = await site().visit("tab=inside&layers=8,8,8");
    await page.setViewportSize({ width: 768, height: 1024 });
    await page.waitForSelector(".look-node");
    await page.getByRole("button", { name: "Fit" }).click();
    const [seen, whole] = await page.evaluate(() => {
      const graph = document.querySelector(".look-graph")!;
      return [graph.clientWidth, graph.scrollWidth];
    });
    expect(whole).toBeLessThanOrEqual(seen! + 1);
    await page.close();
  });

  test("a number with a comma asks for a point, and nothing moves", async () => {
    const { page } = await site().visit();
    const field = page.getByRole("textbox", { name: "learning rate" });
    const below = page.getByRole("textbox", { name: "epsilon" });
    const before = await below.boundingBox();
    await field.fill("0,03");
    await page.keyboard.press("Enter");
    await page.getByText(/Write a point: 0\.03/).waitFor();
    expect(await below.boundingBox()).toEqual(before);
    await page.close();
  });
}
