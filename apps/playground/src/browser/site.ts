import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  type ConsoleMessage,
  chromium,
  type Page,
  type Request,
} from "playwright-core";
import { build, type PreviewServer, preview } from "vite";

/* The built page in a real browser, for tests. */

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where pictures of the page are kept. */
export const artifacts = join(root, "artifacts");

const named = process.env.CHROMIUM;
if (named && !existsSync(named)) throw new Error(`CHROMIUM: there is no browser at ${named}`);

const places = [
  named,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser that can be driven, or undefined. */
export const browserPath = places.find((path) => path && existsSync(path));

/** A page of the site, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  /** Errors in the console, and exceptions. */
  readonly errors: string[];
  /** Requests to elsewhere. */
  readonly strays: string[];
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds by the clock, and of the thread. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The served site, and the browser that looks at it. */
export class Site {
  readonly url: string;
  private readonly browser: Browser;
  private readonly context: BrowserContext;
  private readonly server: PreviewServer;

  private constructor(url: string, browser: Browser, context: BrowserContext, server: PreviewServer) {
    this.url = url;
    this.browser = browser;
    this.context = context;
    this.server = server;
  }

  /** Builds the site, serves it, starts the browser. */
  static async open(): Promise<Site> {
    const outDir = join(artifacts, "site");
    mkdirSync(artifacts, { recursive: true });
    // Each launch has a profile of its own.
    const launched = chromium.launch({
      executablePath: browserPath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true } });
    const server = await preview({ root, logLevel: "error", preview: { port: 0 }, build: { outDir } });
    const { port } = server.httpServer.address() as { port: number };
    const browser = await launched;
    const context = await browser.newContext({ viewport: { width: 1360, height: 940 } });
    const url = `http://localhost:${port}/`;
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url.slice(0, -1) });
    return new Site(url, browser, context, server);
  }

  /** Closes the browser and the server. */
  async end(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }

  /** Opens the page with these settings. */
  async visit(hash = "", { route }: { route?: (page: Page) => Promise<unknown> } = {}): Promise<Visit> {
    const page = await this.context.newPage();
    const errors: string[] = [];
    const strays: string[] = [];
    page.on("console", (message: ConsoleMessage) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
    page.on("request", (request: Request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(this.url)) strays.push(request.url());
    });
    await route?.(page);
    await page.goto(this.url + (hash === "" ? "" : `#${hash}`));
    await page.waitForSelector("h1");
    return { page, errors, strays };
  }
}

/**
 * The longest tasks of the page's thread while `during` goes on, in milliseconds: by the clock, and of the processor's
 * time, which does not count what other programs take.
 */
export async function longestTask(
  page: Page,
  during: () => Promise<void>,
): Promise<{ readonly wall: number; readonly own: number }> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ["toplevel"] });
  await during();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: TraceEvent[] };
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => /RunTask$/.test(name) && threads.some((thread) => thread.pid === pid && thread.tid === tid),
  );
  const longest = (key: "dur" | "tdur") => Math.max(...tasks.map((task) => task[key] ?? 0)) / 1000;
  return { wall: longest("dur"), own: longest("tdur") };
}
