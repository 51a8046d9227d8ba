import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { RuntimeError } from "@gradtape/tensor";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FileWriter } from "./file-writer.ts";
import { readEvents } from "./fixtures/event-reader.ts";

vi.mock("node:fs", async (original) => {
  const actual = await original<typeof fs>();
  return { ...actual, writeSync: vi.fn(actual.writeSync) };
});

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "summary-"));
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true });
});

const scalarsIn = (path: string) =>
  readEvents(fs.readFileSync(path)).flatMap(({ scalar }) => (scalar === undefined ? [] : scalar.value));

test("a new file in a folder that is made, named as TensorBoard looks for it", () => {
  using writer = new FileWriter(join(folder, "runs", "1"), { filenameSuffix: ".v2" });
  expect(dirname(writer.path)).toBe(join(folder, "runs", "1"));
  expect(basename(writer.path)).toMatch(/^events\.out\.tfevents\.\d{10}\..+\.v2$/);
  expect(readEvents(fs.readFileSync(writer.path))).toMatchObject([{ fileVersion: "brain.Event:2" }]);
});

test("writers that begin in one second have files of their own", () => {
  vi.useFakeTimers({ now: 5000, toFake: ["Date"] });
  using first = new FileWriter(folder);
  using second = new FileWriter(folder);
  expect(basename(first.path)).toMatch(/^events\.out\.tfevents\.0000000005\./);
  expect(second.path).toBe(`${first.path}.1`);
});

test("records wait until there are more than maxQueue, or for flush, or for close", () => {
  const writer = new FileWriter(folder, { maxQueue: 2 });
  writer.scalar("a", 1, 1);
  writer.scalar("a", 2, 2);
  expect(scalarsIn(writer.path)).toEqual([]);
  writer.scalar("a", 3, 3);
  expect(scalarsIn(writer.path)).toEqual([1, 2, 3]);
  writer.scalar("a", 4, 4);
  writer.flush();
  expect(scalarsIn(writer.path)).toEqual([1, 2, 3, 4]);
  writer.scalar("a", 5, 5);
  writer.close();
  expect(scalarsIn(writer.path)).toEqual([1, 2, 3, 4, 5]);
});

test("a record that has waited for flushMillis goes with the next", () => {
  using writer = new FileWriter(folder, { maxQueue: 1000, flushMillis: 0 });
  writer.scalar("a", 1, 1);
  expect(scalarsIn(writer.path)).toEqual([1]);
});

test("a closed writer takes nothing, and may be closed again", () => {
  const writer = new FileWriter(folder);
  writer.close();
  writer.close();
  const closed = `FileWriter: ${writer.path} is closed, nothing can be added; make another writer`;
  for (const use of [() => writer.scalar("a", 1, 1), () => writer.flush()]) {
    expect(use).toThrow(RuntimeError);
    expect(use).toThrow(closed);
  }
});

test("a folder that cannot be written in is named, with the reason", () => {
  const file = join(folder, "file");
  fs.writeFileSync(file, "");
  const advice = "; name a folder you may write to";
  expect(() => new FileWriter(file)).toThrow(
    new RuntimeError(`FileWriter: ${file}: no event file can be made there, not a directory (ENOTDIR)${advice}`),
  );
  expect(() => new FileWriter(join(file, "run"))).toThrow(
    new RuntimeError(
      `FileWriter: ${join(file, "run")}: no event file can be made there, not a directory (ENOTDIR)${advice}`,
    ),
  );
  // No folder can be made there, and its parent exists.
  if (fs.existsSync("/proc"))
    expect(() => new FileWriter("/proc/run/1")).toThrow("/proc/run/1: no event file can be made");
  let cause: unknown;
  try {
    new FileWriter(file);
  } catch (error) {
    cause = (error as Error).cause;
  }
  expect(cause).toMatchObject({ code: "ENOTDIR", syscall: "open" });
});

test("wrong options", () => {
  expect(() => new FileWriter("")).toThrow(TypeError);
  expect(() => new FileWriter(folder, { maxQueue: -1 })).toThrow(
    "FileWriter: maxQueue is -1, expected a number of at least 0",
  );
  expect(() => new FileWriter(folder, { flushMillis: Number.NaN })).toThrow("FileWriter: flushMillis is NaN, expected");
});

test("on a full disk the file stays whole, and nothing is lost once there is room", () => {
  const writer = new FileWriter(folder, { maxQueue: 1000 });
  writer.scalar("a", 1, 1);
  writer.scalar("a", 2, 2);
  vi.mocked(fs.writeSync).mockImplementationOnce(() => {
    fs.appendFileSync(writer.path, "half a record");
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
  });
  expect(() => writer.flush()).toThrow(
    /^FileWriter: .*: \d+ bytes cannot be added, no space left on device \(ENOSPC\); what is in the file already is whole;/,
  );
  expect(scalarsIn(writer.path)).toEqual([]);
  writer.scalar("a", 3, 3);
  writer.close();
  expect(scalarsIn(writer.path)).toEqual([1, 2, 3]);
});
